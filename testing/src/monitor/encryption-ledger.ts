/** One encryption as the monitor remembers it: digests only, neither a key nor a plaintext. */
export interface Encryption {
  readonly key: string
  readonly nonce: string
  /** Of the associated data and the plaintext. */
  readonly message: string
  /** True where the caller's protocol promises one message per key, whatever the nonce. */
  readonly isSingleUse: boolean
  /** Who encrypted, as a reader of a report looks for it. */
  readonly site: string
}

/** A broken promise: two encryptions that must not both exist, or no room to notice one. */
export interface Reuse {
  readonly code: "nonce_reused" | "key_reused" | "monitor_full"
  readonly first: string
  readonly again: string
}

interface Use {
  readonly message: string
  readonly site: string
}

interface KeyUses {
  isSingleUse: boolean
  readonly byNonce: Map<string, Use>
}

/**
 * Remembers every encryption of a scope and tells when one must not have been made:
 *
 * - `nonce_reused`: another message under the same key and nonce (RFC 5116 §3.1);
 * - `key_reused`: another encryption under a key that is for one message. MLS hides the use of a key after a rollback
 *   from whoever looks at nonces, because its reuse guard is random (RFC 9420 §6.3.1);
 * - `monitor_full`: beyond `limit`, because a monitor that forgets would let through what it is there for.
 *
 * The same message under the same key and nonce is a replay of the same bytes and harmless.
 *
 * About 400 bytes for each encryption.
 */
export class EncryptionLedger {
  readonly #limit: number
  readonly #keys = new Map<string, KeyUses>()
  #count = 0

  /** @param limit - encryptions to remember */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many different encryptions it remembers. */
  get count(): number {
    return this.#count
  }

  note(encryption: Encryption): Reuse | undefined {
    const { key, nonce, message, site, isSingleUse } = encryption
    const uses = this.#usesOf(key)
    const earlier = uses.byNonce.get(nonce)
    if (earlier !== undefined) {
      return earlier.message === message ? undefined : { code: "nonce_reused", first: earlier.site, again: site }
    }
    if (this.#count >= this.#limit) return { code: "monitor_full", first: `${this.#limit} encryptions`, again: site }
    uses.byNonce.set(nonce, { message, site })
    uses.isSingleUse ||= isSingleUse
    this.#count++
    if (!uses.isSingleUse || uses.byNonce.size === 1) return undefined
    const [first] = uses.byNonce.values()
    return { code: "key_reused", first: first?.site ?? "", again: site }
  }

  clear(): void {
    this.#keys.clear()
    this.#count = 0
  }

  #usesOf(key: string): KeyUses {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const made: KeyUses = { isSingleUse: false, byNonce: new Map() }
    this.#keys.set(key, made)
    return made
  }
}

/** One line for a person: what happened and both places. */
export function describeReuse({ code, first, again }: Reuse): string {
  const what = {
    nonce_reused: "a key and nonce encrypted two messages",
    key_reused: "a key that is for one message encrypted twice",
    monitor_full: "the nonce monitor is full",
  }[code]
  return `${what} (${code})\n  first: ${first}\n  again: ${again}`
}
