/* STM32F405 (RM0090) and STM32F446 (RM0390). */
#define RCC 0x40023800u
#define RCC_CR REGISTER(RCC)
#define RCC_PLLCFGR REGISTER(RCC + 0x04u)
#define RCC_CFGR REGISTER(RCC + 0x08u)
#define RCC_AHB1ENR REGISTER(RCC + 0x30u)
#define RCC_APB1ENR REGISTER(RCC + 0x40u)
#define RCC_APB2ENR REGISTER(RCC + 0x44u)
#define RCC_PLLI2SCFGR REGISTER(RCC + 0x84u)
#define RCC_PORTS RCC_AHB1ENR
#define PWR 0x40007000u
#define FLASH 0x40023C00u
#define PORTS 0x40020000u
#define DMA1 0x40026000u
#define SPI2 0x40003800u
#define MIC_IRQ 14u /* DMA1 stream 3 */
#define HAVE_INTERRUPTS 97u

#if defined(STM32F446xx)
#define F446 1 /* overdrive, and a divider of its own for the second PLL */
#define SETTINGS_SECTOR 6u /* and 7, of 128K each */
#define SETTINGS_START 0x08040000u
#else
#define F446 0
#define SETTINGS_SECTOR 10u
#define SETTINGS_START 0x080C0000u
#endif
#define SETTINGS_STEP 0x20000u

#if UART_BASE == 0x40011000u /* USART1 */
#define UART_IRQ 37u
#define UART_ENABLE (RCC_APB2ENR |= 1u << 4)
#define UART_FAST 1
#elif UART_BASE == 0x40004400u /* USART2 */
#define UART_IRQ 38u
#define UART_ENABLE (RCC_APB1ENR |= 1u << 17)
#define UART_FAST 0
#elif UART_BASE == 0x40004800u /* USART3 */
#define UART_IRQ 39u
#define UART_ENABLE (RCC_APB1ENR |= 1u << 18)
#define UART_FAST 0
#elif UART_BASE == 0x40011400u /* USART6 */
#define UART_IRQ 71u
#define UART_ENABLE (RCC_APB2ENR |= 1u << 5)
#define UART_FAST 1
#else
#error "custom_uart: no USART of an STM32F4 at this address"
#endif
