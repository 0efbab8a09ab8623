/* A record that survives the loss of power at any moment: two pages, written in turn, each with a sequence number
   and a checksum. The newest page that is whole counts. */
#ifndef NH_SETTINGS_H
#define NH_SETTINGS_H
#include <stdint.h>

#define NH_SETTINGS_MOST 96u /* bytes of a record */

/* The record that was saved last for this owner (a number, such as a model's checksum); 0: there is none. */
int nh_settings_load(uint32_t owner, void *record, uint32_t bytes);

/* Returns 0 when the record is too long, or was not written. */
int nh_settings_save(uint32_t owner, const void *record, uint32_t bytes);

#endif
