import type { MadeText } from "../send-text.ts"
import type { KeptEpoch } from "./kept-epoch.ts"

/** A text of ours whose branch may still be given up. */
export interface SentText {
  readonly mid: bigint
  /** `undefined` once there was no room for it any more. */
  payload: Uint8Array | undefined
  /** Where it was sealed. */
  readonly in: Set<KeptEpoch>
}

/** Our own texts of the epochs that are kept: whatever is on a branch that is given up is sent again. */
export class SentTexts {
  readonly #limitBytes: number
  readonly #limitTexts: number
  #texts: SentText[] = []

  constructor(limits: { readonly resendBytes: number; readonly seenTexts: number }) {
    this.#limitBytes = limits.resendBytes
    this.#limitTexts = limits.seenTexts
  }

  /** Oldest first. */
  get all(): readonly SentText[] {
    return this.#texts
  }

  add({ mid, payload }: MadeText, epoch: KeptEpoch): void {
    this.#texts.push({ mid, payload: payload.slice(), in: new Set([epoch]) })
    this.#makeRoom()
  }

  /** Takes over what was stored, oldest first. */
  restore(texts: readonly SentText[]): void {
    this.#texts = [...texts]
    this.#makeRoom()
  }

  /**
   * Epochs are gone. Texts of one that was on the path cannot be lost any more; of the others, those that were sealed in nothing
   * that is left are lost, and returned.
   */
  forget(gone: readonly KeptEpoch[], path: readonly KeptEpoch[]): readonly SentText[] {
    const [goneSet, onPath] = [new Set(gone), new Set(path)]
    const lost: SentText[] = []
    this.#texts = this.#texts.filter((text) => {
      const sealedIn = [...text.in]
      for (const epoch of gone) text.in.delete(epoch)
      if ([...text.in].some((epoch) => onPath.has(epoch))) return true
      if (sealedIn.some((epoch) => goneSet.has(epoch) && onPath.has(epoch))) return false
      if (text.in.size === 0) lost.push(text)
      return text.in.size > 0
    })
    return lost
  }

  /** Takes out what was told to be lost. */
  drop(lost: SentText): void {
    this.#texts = this.#texts.filter((text) => text !== lost)
  }

  #makeRoom(): void {
    let heldBytes = this.#texts.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0)
    for (const text of this.#texts) {
      if (heldBytes <= this.#limitBytes) break
      heldBytes -= text.payload?.length ?? 0
      text.payload?.fill(0)
      text.payload = undefined
    }
    if (this.#texts.length > this.#limitTexts) this.#texts.shift()
  }
}
