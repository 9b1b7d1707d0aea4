/* The exercises of `brume lab`, a file each. */
#ifndef BRUME_LAB_H
#define BRUME_LAB_H

#include "front/command.h"

/* SQS, SNS and EventBridge side by side. A second argument: for how many seconds the consumers are away; 30. */
int lab_messaging(struct front *f);

/* S3's storage classes side by side. A second argument: the size of an object in KiB; 1,024. Moves the cloud's clock forward
 * to the second midnight. */
int lab_storage_classes(struct front *f);

#endif
