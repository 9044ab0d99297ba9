/** What brings bytes from one party of a scenario to another. */
export interface Carrier extends AsyncDisposable {
  /** What it is, for the report. */
  readonly name: "simulated" | "loopback QUIC"
  /** Resolves with what arrived at `to`: the same bytes, or nothing works at all. */
  carry(from: string, to: string, bytes: Uint8Array): Promise<Uint8Array>
}

/** Time as the parties of a scenario have it: it stands still until somebody moves it. */
export class Clock {
  #nowMs = 1_000_000

  get nowMs(): number {
    return this.#nowMs
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds
  }
}
