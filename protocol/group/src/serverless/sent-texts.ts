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

/** Texts of ours that were sealed one after the other, in the same epochs, and of which only this is left: there were too many. */
export interface ForgottenTexts {
  readonly count: number
  /** The newest of them. */
  readonly lastMid: bigint
  readonly in: Set<KeptEpoch>
}

/** Texts that nobody can have on the branch that we are on. */
export interface LostTexts {
  readonly texts: readonly SentText[]
  readonly forgotten: readonly ForgottenTexts[]
}

/** Bounds of what is kept of our own texts. */
interface SentTextsLimits {
  readonly resendBytes: number
  readonly seenTexts: number
  readonly keptEpochs: number
}

/**
 * Our own texts of the epochs that are kept: whatever is on a branch that is given up is sent again. Of more than `seenTexts` the oldest
 * are only counted: others would show them twice, and so they are not sent again.
 */
export class SentTexts {
  readonly #limits: SentTextsLimits
  #texts: SentText[] = []
  /** Oldest first, all older than the texts. */
  #forgotten: ForgottenTexts[] = []

  constructor(limits: SentTextsLimits) {
    this.#limits = limits
  }

  /** Oldest first. */
  get all(): readonly SentText[] {
    return this.#texts
  }

  /** Those that are only counted. */
  get forgotten(): readonly ForgottenTexts[] {
    return this.#forgotten
  }

  add({ mid, payload }: MadeText, epoch: KeptEpoch): void {
    this.#texts.push({ mid, payload: payload.slice(), in: new Set([epoch]) })
    this.#makeRoom()
  }

  /** Takes over what was stored, oldest first. */
  restore(texts: readonly SentText[], forgotten: readonly ForgottenTexts[]): void {
    this.#texts = [...texts]
    this.#forgotten = [...forgotten]
    this.#makeRoom()
  }

  /**
   * Epochs are gone. Texts of one that was on the path cannot be lost any more; of the others, those that were sealed in nothing
   * that is left are lost, and returned.
   */
  forget(gone: readonly KeptEpoch[], path: readonly KeptEpoch[]): LostTexts {
    const epochs = { gone: new Set(gone), path: new Set(path) }
    const [texts, forgotten] = [split(this.#texts, epochs), split(this.#forgotten, epochs)]
    this.#texts = texts.left
    this.#forgotten = forgotten.left
    return { texts: texts.lost, forgotten: forgotten.lost }
  }

  /** Takes out what was told to be lost. */
  drop(lost: SentText | ForgottenTexts): void {
    this.#texts = this.#texts.filter((text) => text !== lost)
    this.#forgotten = this.#forgotten.filter((texts) => texts !== lost)
  }

  #makeRoom(): void {
    const { resendBytes, seenTexts } = this.#limits
    let heldBytes = this.#texts.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0)
    for (const text of this.#texts) {
      if (heldBytes <= resendBytes) break
      heldBytes -= text.payload?.length ?? 0
      text.payload?.fill(0)
      text.payload = undefined
    }
    while (this.#texts.length > seenTexts) this.#count(this.#texts.shift()!)
  }

  /** Only counts a text from now on. */
  #count({ mid: lastMid, payload, in: sealedIn }: SentText): void {
    payload?.fill(0)
    this.#forgotten.push({ count: 1, lastMid, in: sealedIn })
    const [a, b] = this.#forgotten.slice(-2)
    if (b !== undefined && isSame(a!.in, b.in)) this.#forgotten.splice(-2, 2, merged(a!, b))
    // Whoever moves between more branches than are kept may be told of texts as lost that others have after all.
    const [first, second] = this.#forgotten
    if (this.#forgotten.length > this.#limits.keptEpochs) this.#forgotten.splice(0, 2, merged(first!, second!))
  }
}

/** Both, as if the older ones had been sealed where the newer ones were. */
function merged(older: ForgottenTexts, newer: ForgottenTexts): ForgottenTexts {
  return { count: older.count + newer.count, lastMid: newer.lastMid, in: newer.in }
}

const isSame = (a: ReadonlySet<KeptEpoch>, b: ReadonlySet<KeptEpoch>): boolean =>
  a.size === b.size && [...a].every((epoch) => b.has(epoch))

/** Takes epochs that are gone out of where texts were sealed. What is neither left nor lost is where it should be for good. */
function split<Sealed extends { readonly in: Set<KeptEpoch> }>(
  all: readonly Sealed[],
  { gone, path }: { readonly gone: ReadonlySet<KeptEpoch>; readonly path: ReadonlySet<KeptEpoch> },
): { readonly left: Sealed[]; readonly lost: readonly Sealed[] } {
  const [left, lost]: [Sealed[], Sealed[]] = [[], []]
  for (const one of all) {
    const sealedIn = [...one.in]
    for (const epoch of gone) one.in.delete(epoch)
    if ([...one.in].some((epoch) => path.has(epoch))) left.push(one)
    else if (sealedIn.some((epoch) => gone.has(epoch) && path.has(epoch))) continue
    else (one.in.size > 0 ? left : lost).push(one)
  }
  return { left, lost }
}
