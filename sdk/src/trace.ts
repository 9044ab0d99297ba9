/** One layer that a message crossed. Sizes, public ids and time; never content. */
export interface TraceLine {
  readonly layer: "sdk" | "store" | "group" | "gtp" | "gbp" | "mls" | "envelope" | "rpc" | "transport"
  /** Down to the network, up from it. */
  readonly direction: "down" | "up"
  readonly bytesIn: number
  readonly bytesOut: number
  /** A public id: group, message or method. */
  readonly id?: string
  /** Time since the line before on the same way, in microseconds. */
  readonly micros: number
}
