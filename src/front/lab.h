/* The exercises of `brume lab`, a file each. */
#ifndef BRUME_LAB_H
#define BRUME_LAB_H

#include "front/command.h"

/* SQS, SNS and EventBridge side by side. A second argument: for how many seconds the consumers are away; 30. */
int lab_messaging(struct front *f);

#endif
