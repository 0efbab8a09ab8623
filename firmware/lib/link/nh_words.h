/* What a line says: words and numbers, each checked. Functions that return int return 0 for what is none. */
#ifndef NH_WORDS_H
#define NH_WORDS_H
#include <stdint.h>

char *nh_word(char **rest); /* the next word, ended where it stands; NULL when there is none */
int nh_word_is(const char *word, const char *other); /* word may be NULL */
int nh_word_number(const char *word, uint32_t *value);     /* 0..4294967295 */
int nh_word_millionths(const char *word, uint32_t *value); /* "0.943" or "1": 0..1 with up to six digits */
int nh_word_hex(const char *word, uint32_t digits, uint32_t *value); /* exactly so many digits, then anything */

#endif
