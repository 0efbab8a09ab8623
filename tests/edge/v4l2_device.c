/* A camera for programs that are started with this library preloaded: V4L2's calls on one path are answered here.
 * FAKE_DEVICE: the path. FAKE_FOURCC, FAKE_SIZE (WxH): its only format. FAKE_FRAME: a file with one picture's bytes.
 * Files that change what it does: <FAKE_DEVICE>.gone, <FAKE_DEVICE>.silent, <FAKE_DEVICE>.broken. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS = 4, PERIOD_MS = 33 };

static int device = -1, flags_of_device, queued[BUFFERS], first, count;
static size_t length, frame_bytes;
static unsigned char *memory;
static long long last_ms;

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int said(const char *suffix) {
    char path[4096];
    snprintf(path, sizeof path, "%s.%s", getenv("FAKE_DEVICE"), suffix);
    return access(path, F_OK) == 0;
}

static unsigned fourcc(void) {
    const char *f = getenv("FAKE_FOURCC");
    return v4l2_fourcc(f[0], f[1], f[2], f[3]);
}

static int start(int flags) {
    if (said("gone")) {
        errno = ENOENT;
        return -1;
    }
    FILE *file = fopen(getenv("FAKE_FRAME"), "rb");
    fseek(file, 0, SEEK_END);
    frame_bytes = (size_t)ftell(file);
    rewind(file);
    length = (frame_bytes + 4095) / 4096 * 4096;
    device = memfd_create("camera", 0);
    if (ftruncate(device, (off_t)(BUFFERS * length))) return -1;
    memory = mmap(NULL, BUFFERS * length, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    if (fread(memory, 1, frame_bytes, file) != frame_bytes) return -1;
    for (int i = 1; i < BUFFERS; i++) memcpy(memory + (size_t)i * length, memory, frame_bytes);
    fclose(file);
    flags_of_device = flags;
    first = count = 0;
    last_ms = 0;
    return device;
}

#define OPEN(name)                                                             \
    int name(const char *path, int flags, ...) {                               \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);         \
        va_list more;                                                          \
        va_start(more, flags);                                                 \
        int mode = va_arg(more, int);                                          \
        va_end(more);                                                          \
        const char *ours = getenv("FAKE_DEVICE");                              \
        return ours && !strcmp(path, ours) ? start(flags) : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

static void describe(struct v4l2_format *f) {
    unsigned width = 0, height = 0;
    sscanf(getenv("FAKE_SIZE"), "%ux%u", &width, &height);
    memset(&f->fmt, 0, sizeof f->fmt);
    f->fmt.pix.width = width;
    f->fmt.pix.height = height;
    f->fmt.pix.pixelformat = fourcc();
    f->fmt.pix.field = V4L2_FIELD_NONE;
    f->fmt.pix.sizeimage = (unsigned)frame_bytes;
}

static int give(struct v4l2_buffer *b) {
    if (said("gone")) {
        errno = ENODEV;
        return -1;
    }
    while (said("silent") || count == 0 || now_ms() - last_ms < PERIOD_MS) {
        if (flags_of_device & O_NONBLOCK) {
            errno = EAGAIN;
            return -1;
        }
        usleep(1000);
    }
    last_ms = now_ms();
    b->index = (unsigned)queued[first];
    first = (first + 1) % BUFFERS;
    count--;
    b->bytesused = (unsigned)(said("broken") ? frame_bytes / 3 : frame_bytes);
    b->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    b->timestamp.tv_sec = last_ms / 1000;
    b->timestamp.tv_usec = last_ms % 1000 * 1000;
    return 0;
}

static int answer(unsigned long request, void *p) {
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = p;
        memset(c, 0, sizeof *c);
        strcpy((char *)c->card, "camera without a camera");
        c->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: describe(p); return 0;
    case VIDIOC_G_INPUT: *(int *)p = 0; return 0;
    case VIDIOC_ENUMINPUT: memset((char *)p + 4, 0, sizeof(struct v4l2_input) - 4); return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *s = p;
        s->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        s->parm.capture.timeperframe.numerator = 1;
        s->parm.capture.timeperframe.denominator = 30;
        return 0;
    }
    case VIDIOC_REQBUFS: ((struct v4l2_requestbuffers *)p)->count = BUFFERS; return 0;
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = p;
        b->length = (unsigned)length;
        b->m.offset = (unsigned)(b->index * length);
        return 0;
    }
    case VIDIOC_QBUF: queued[(first + count++) % BUFFERS] = (int)((struct v4l2_buffer *)p)->index; return 0;
    case VIDIOC_DQBUF: return give(p);
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF: return 0;
    default: errno = ENOTTY; return -1;
    }
}

int ioctl(int fd, unsigned long request, ...) {
    int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    va_list more;
    va_start(more, request);
    void *p = va_arg(more, void *);
    va_end(more);
    return fd == device && device >= 0 ? answer(request & 0xffffffff, p) : real(fd, request, p);
}

int close(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    if (fd == device) device = -1;
    return real(fd);
}
