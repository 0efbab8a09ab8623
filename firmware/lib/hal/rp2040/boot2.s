@ Second stage of the RP2040's start: flash for reading in place, then the program behind it.
@ Four lines at a time where the chip's status says that it may (QE, set on the Pico's); else command 03h on one.
@ boot2.py makes boot2.c of it.
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .equ SSIENR, 0x08
    .equ SSI_BAUDR, 0x14
    .equ SSI_SR, 0x28
    .equ SSI_DR, 0x60

boot2:
    push {r5, lr}           @ lr: 0 from the ROM, else who called
    ldr r3, =0x18000000     @ SSI
    movs r1, #0
    str r1, [r3, #SSIENR]
    movs r1, #4             @ 31 MHz of 125
    str r1, [r3, #SSI_BAUDR]
    movs r0, #0xF0
    movs r1, #1             @ RX_SAMPLE_DLY
    str r1, [r3, r0]
    movs r5, #0xF4          @ SPI_CTRLR0
    ldr r1, =0x00070000     @ 8 bits, both directions
    bl enable
    movs r1, #0x35          @ status 2
    str r1, [r3, #SSI_DR]
    str r1, [r3, #SSI_DR]
    bl wait
    ldr r0, [r3, #SSI_DR]
    ldr r0, [r3, #SSI_DR]
    lsrs r0, r0, #2         @ QE into carry
    bcc single

    ldr r2, =0x00002221     @ EBh on one line; 32 bits of address and mode on four; 4 clocks
    ldr r1, =0x005F0300     @ four lines, words
    bl configure
    movs r1, #0xEB
    str r1, [r3, #SSI_DR]
    movs r1, #0xA0          @ mode: no command from now on
    str r1, [r3, #SSI_DR]
    bl wait
    ldr r2, =0xA0002022     @ no command; the mode follows the address
    ldr r1, =0x005F0300
    bl configure
    b done

single:
    ldr r2, =0x03000218     @ 03h; 24 bits of address
    ldr r1, =0x001F0300
    bl configure

done:
    pop {r5}
    pop {r0}
    cmp r0, #0
    bne return
    ldr r0, =0x10000100     @ the program's vectors
    ldr r1, =0xE000ED08     @ VTOR
    str r0, [r1]
    ldr r1, [r0]
    ldr r0, [r0, #4]
    msr msp, r1
return:
    bx r0

configure:                  @ r2: SPI_CTRLR0, r1: CTRLR0
    movs r0, #0
    str r0, [r3, #SSIENR]
    str r2, [r3, r5]
enable:
    str r1, [r3]
    movs r0, #0
    str r0, [r3, #4]        @ one word at a time
    movs r0, #1
    str r0, [r3, #SSIENR]
    bx lr

wait:
    ldr r0, [r3, #SSI_SR]
    lsrs r0, r0, #1         @ busy into carry
    bcs wait
    lsrs r0, r0, #2         @ transmitter empty
    bcc wait
    bx lr
