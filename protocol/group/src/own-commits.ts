import { DecodeError, equalBytes, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** More than that are not kept in one epoch; the oldest is forgotten. */
const HASHES_LIMIT = 64

/**
 * The commits that we made in this epoch, by their hashes. If one comes back after we gave it up, others follow it and we
 * cannot: its keys are gone.
 */
export class OwnCommits {
  #hashes: Uint8Array[] = []

  /** Takes ownership of the hash of a commit. */
  add(hash: Uint8Array): void {
    this.#hashes.push(hash)
    if (this.#hashes.length > HASHES_LIMIT) this.#hashes.shift()
  }

  /** The one that was made last. Borrowed. */
  get newest(): Uint8Array | undefined {
    return this.#hashes.at(-1)
  }

  has(hash: Uint8Array): boolean {
    return this.#hashes.some((known) => equalBytes(known, hash))
  }

  /** A new epoch: nobody follows a commit of an old one. */
  forgetAll(): void {
    this.#hashes = []
  }

  /** Writes a list of hash<V>, oldest first. */
  write(writer: Writer): void {
    writer.list(this.#hashes, (inner, hash) => void inner.vector(hash))
  }

  /** @throws DecodeError */
  static read(reader: Reader): OwnCommits {
    const start = reader.offset
    const commits = new OwnCommits()
    commits.#hashes = readList(reader, (inner) => inner.vector().slice())
    if (commits.#hashes.length > HASHES_LIMIT) throw new DecodeError("bad_value", start)
    return commits
  }
}
