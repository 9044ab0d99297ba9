/** What an encoder and a decoder of libopus have in common. */
interface Freeable {
  /** Gives back the memory. */
  free(): void
}

/** Owns an encoder or decoder of libopus: after its memory was given back nobody reaches it. */
export class OpusHandle<H extends Freeable> implements Disposable {
  readonly #name: string
  #handle: H | undefined

  /** @param name - As {@link live} calls it in its error. */
  constructor(name: "encoder" | "decoder", handle: H) {
    this.#name = name
    this.#handle = handle
  }

  /** @throws TypeError after it was disposed of */
  get live(): H {
    if (this.#handle === undefined) throw new TypeError(`the ${this.#name} was disposed of: make another one`)
    return this.#handle
  }

  /** Disposing twice is fine. */
  [Symbol.dispose](): void {
    this.#handle?.free()
    this.#handle = undefined
  }
}
