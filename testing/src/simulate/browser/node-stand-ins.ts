/** What the server's core takes from Node's modules, for a page. @module */
import { concatBytes, toHex, toUtf8 } from "@qpc/wire"

type Sha256 = (message: Uint8Array) => Uint8Array
let sha256: Sha256 | undefined

/** Names the hash of the page; before the first server starts. */
export function useSha256(hash: Sha256): void {
  sha256 = hash
}

/** As that of `node:crypto`, for SHA-256 alone. */
export function createHash(name: string): Hash {
  if (name !== "sha256" || sha256 === undefined) throw new Error(`there is no ${name} here`)
  return new Hash(sha256)
}

/** No address is parsed where there is no network. */
export function isIPv6(): boolean {
  return false
}

class Hash {
  readonly #sha256: Sha256
  readonly #parts: Uint8Array[] = []

  constructor(hash: Sha256) {
    this.#sha256 = hash
  }

  update(part: Uint8Array | string): this {
    this.#parts.push(typeof part === "string" ? toUtf8(part) : part)
    return this
  }

  digest(): Uint8Array
  digest(encoding: "hex"): string
  digest(encoding?: "hex"): Uint8Array | string {
    const hash = this.#sha256(concatBytes(...this.#parts))
    return encoding === "hex" ? toHex(hash) : hash
  }
}
