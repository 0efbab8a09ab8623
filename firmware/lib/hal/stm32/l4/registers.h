/* STM32L475 (RM0351) and STM32L4R5 (RM0432). */
#define RCC 0x40021000u
#define RCC_CR REGISTER(RCC)
#define RCC_CFGR REGISTER(RCC + 0x08u)
#define RCC_PLLCFGR REGISTER(RCC + 0x0Cu)
#define RCC_AHB1ENR REGISTER(RCC + 0x48u)
#define RCC_AHB2ENR REGISTER(RCC + 0x4Cu)
#define RCC_APB1ENR1 REGISTER(RCC + 0x58u)
#define RCC_APB1ENR2 REGISTER(RCC + 0x5Cu)
#define RCC_APB2ENR REGISTER(RCC + 0x60u)
#define RCC_PORTS RCC_AHB2ENR
#define PWR 0x40007000u
#define FLASH 0x40022000u
#define PORTS 0x48000000u
#define DMA1 0x40020000u
#define DMAMUX1 0x40020800u
#define DFSDM1 0x40016000u
#define MIC_IRQ 14u /* DMA1 channel 4 */
#define HAVE_INTERRUPTS 95u

#if defined(STM32L4R5xx)
#define PLUS 1
#define HZ_PER_WAIT 20000000u
#define SETTINGS_STEP 0x1000u /* two banks of 256 pages of 4K (option DBANK, as delivered) */
#define SETTINGS_START 0x081FE000u
#else
#define PLUS 0
#define HZ_PER_WAIT 16000000u
#define SETTINGS_STEP 0x800u
#define SETTINGS_START 0x080FF000u
#endif
#define SETTINGS_SECTOR 254u /* and 255, of the second bank */

#define UART_LOW_POWER 0
#if UART_BASE == 0x40013800u /* USART1 */
#define UART_IRQ 37u
#define UART_ENABLE (RCC_APB2ENR |= 1u << 14)
#elif UART_BASE == 0x40004400u /* USART2 */
#define UART_IRQ 38u
#define UART_ENABLE (RCC_APB1ENR1 |= 1u << 17)
#elif UART_BASE == 0x40004800u /* USART3 */
#define UART_IRQ 39u
#define UART_ENABLE (RCC_APB1ENR1 |= 1u << 18)
#elif UART_BASE == 0x40008000u /* LPUART1 */
#undef UART_LOW_POWER
#define UART_LOW_POWER 1
#define UART_IRQ 70u
#define UART_ENABLE (RCC_APB1ENR2 |= 1u)
#else
#error "custom_uart: no UART of an STM32L4 at this address"
#endif
