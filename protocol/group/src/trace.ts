/** One layer that a message crossed: sizes and a public id, never content. */
export interface LayerLine {
  readonly layer: "group" | "gtp" | "gbp" | "mls" | "envelope"
  readonly direction: "down" | "up"
  readonly bytesIn: number
  readonly bytesOut: number
  /** A public name of the message at this layer, such as its message id or epoch. */
  readonly id?: string
}

/**
 * Hears of each layer as a message leaves it. The protocol has no clock: read yours inside the call, and the difference
 * to the call before is what the layer cost. Must not throw.
 */
export type OnLayer = (line: LayerLine) => void
