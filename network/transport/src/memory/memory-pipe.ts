import type { BytePipe, PipeSink } from "../framed/byte-pipe.ts"

/** One end of a pipe inside this process. */
export class MemoryPipe implements BytePipe {
  #sink: PipeSink | undefined
  /** Hands a step to the other end. */
  #toPeer: (step: (sink: PipeSink) => void) => void = () => {}
  #undelivered: (() => void)[] = []
  #deliveryDue = false
  #ended = false
  #destroyed = false

  /** Two ends; what goes into one comes out of the other, later. */
  static pair(): [MemoryPipe, MemoryPipe] {
    const ends: [MemoryPipe, MemoryPipe] = [new MemoryPipe(), new MemoryPipe()]
    ends[0].#toPeer = (step) => ends[1].#deliver(step)
    ends[1].#toPeer = (step) => ends[0].#deliver(step)
    return ends
  }

  open(sink: PipeSink): void {
    this.#sink = sink
    this.#deliverLater()
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#ended && !this.#destroyed) this.#toPeer((sink) => sink.received(bytes))
    return true
  }

  end(): void {
    if (this.#ended || this.#destroyed) return
    this.#ended = true
    this.#toPeer((sink) => sink.ended())
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#undelivered = []
    if (!this.#ended) this.#toPeer((sink) => sink.broken(new Error("the other end was destroyed")))
  }

  /** What a pulled cable does: this end hears of it, and nothing that was under way arrives. */
  cut(): void {
    this.#undelivered = []
    this.#deliver((sink) => sink.broken(new Error("the pipe was cut")))
    this.#ended = true
  }

  #deliver(step: (sink: PipeSink) => void): void {
    if (this.#destroyed) return
    this.#undelivered.push(() => step(this.#sink!))
    this.#deliverLater()
  }

  #deliverLater(): void {
    if (this.#deliveryDue || !this.#sink) return
    this.#deliveryDue = true
    queueMicrotask(() => {
      this.#deliveryDue = false
      for (const step of this.#undelivered.splice(0)) step()
    })
  }
}
