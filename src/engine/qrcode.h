/* QR codes as PNG pictures, by libqrencode where the machine has it (Debian: libqrencode4): it is loaded at
 * the first picture. */
#ifndef BRUME_QRCODE_H
#define BRUME_QRCODE_H

#include "base/arena.h"

str qrcode_png(struct arena *a, str text); /* absent: no library, or the text is too long */

#endif
