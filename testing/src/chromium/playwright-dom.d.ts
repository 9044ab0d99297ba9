/** Names of the browser's library that the declarations of playwright-core use and Node's do not have. Nobody here does. */
type HTMLElement = never
type SVGElement = never
type Node = never
type HTMLElementTagNameMap = Record<string, never>
