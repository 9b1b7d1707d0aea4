/* What calls count, added up for a turn of the loop: the journal gets a line for each thing that was counted and not for
 * each call. Fifteen reads of a table that one turn answers leave six lines where they would leave sixty, and
 * packing, sealing and writing those was a tenth of such a read.
 *
 * A line of usage has its sum; one of a metric its values, each with how often it came:
 *   {"usage":"ReadRequestUnits","service":"dynamodb","account":"000000000000","region":"us-east-1","quantity":7.5}
 *   {"metric":"ReturnedItemCount","dimension":"Operation",...,"samples":[1,4,0,2]}
 * What stands before the numbers tells which thing was counted. */
#ifndef BRUME_TALLY_H
#define BRUME_TALLY_H

#include "cloud/record.h"

struct tallies;
struct tallies *tallies_new(struct arena *boot); /* ends with `boot` */
/* Adds to what this thread counts. Copies what it keeps. */
void tally_add(struct cloud *cloud, const struct call_note *n, i64 at_ms);
/* Adds this thread's lines to the journal's buffer. */
void tally_write(struct cloud *cloud);

#endif
