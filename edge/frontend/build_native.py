"""Compiles the C front end into the extension module ``edge.frontend._native`` (cffi, API mode)."""

from cffi import FFI

# Relative to the project's root, where setuptools runs: absolute paths are refused in an sdist.
SOURCE_DIR = "firmware/lib/frontend"

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct {
        uint16_t window_samples;
        uint16_t hop_samples;
        uint16_t fft_size;
        uint16_t bands;
        int16_t offset;
        uint16_t shift;
        const uint16_t *window_q16;
        const uint16_t *order;
        const int32_t *twiddle_q30;
        const int32_t *split_q30;
        const uint16_t *band_start;
        const uint16_t *band_size;
        const uint16_t *weight_q15;
        const uint16_t *log2_q15;
    } nh_frontend_config_t;
    typedef struct { ...; } nh_frontend_t;
    void nh_frontend_init(nh_frontend_t *fe, const nh_frontend_config_t *config, int32_t *work,
                          int16_t *history);
    void nh_frontend_reset(nh_frontend_t *fe);
    uint32_t nh_frontend_frames(const nh_frontend_t *fe, uint32_t count);
    uint32_t nh_frontend_push(nh_frontend_t *fe, const int16_t *samples, uint32_t count, int16_t *log_mel);
    void nh_frontend_quantize(const nh_frontend_config_t *config, const int16_t *log_mel, uint32_t count,
                              int8_t *features);
    """
)
ffibuilder.set_source(
    "edge.frontend._native",
    '#include "nh_frontend.h"',
    sources=[f"{SOURCE_DIR}/nh_frontend.c"],
    depends=[f"{SOURCE_DIR}/nh_frontend.h"],
    include_dirs=[SOURCE_DIR],
    extra_compile_args=["-O3"],
)
