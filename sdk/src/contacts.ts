import { equalBytes, toHex, toUtf8 } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { Person } from "./model.ts"
import { decoded } from "./corrupt-record.ts"
import { contactRecord } from "./records.ts"
import { put } from "./store.ts"
import type { Change, Store } from "./store.ts"

/** Contacts read at one time. */
const PAGE_ROWS = 1000

/**
 * One spelling for all names that the server takes for the same: case folded, by way of upper case because that unifies
 * what lower case alone keeps apart (ß and ss, the forms of sigma).
 */
export function sameName(username: string): string {
  return username.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC")
}

/** A server that gives one key two names lets people believe that they talk to two people, or to another one. */
export function secondName(username: string, name: string): ClientError {
  return new ClientError("identity_changed", `the server says that ${username} has the key of ${name}`, {
    nextStep: `Ask both over another channel; if they are one person, keep talking to ${name}.`,
  })
}

/** Names and the keys they are pinned to. A pin never changes by itself. */
export class Contacts {
  readonly #byName = new Map<string, Person>()
  readonly #byKey = new Map<string, Person>()

  /** @throws ClientError `store_corrupt` */
  async load(store: Store): Promise<void> {
    let after: Uint8Array | undefined
    do {
      const rows = await store.list("contacts", { limit: PAGE_ROWS, ...(after && { after }) })
      for (const row of rows) this.#remember(decoded("contacts", row.value, contactRecord))
      after = rows.length < PAGE_ROWS ? undefined : rows.at(-1)!.key
    } while (after !== undefined)
  }

  pinned(username: string): Person | undefined {
    return this.#byName.get(sameName(username))
  }

  all(): readonly Person[] {
    return [...this.#byName.values()]
  }

  person(identityKey: IdentityKey): Person {
    return this.#byKey.get(toHex(identityKey)) ?? { identityKey }
  }

  /**
   * Compares what the server says with the pin.
   *
   * @throws ClientError `identity_changed`
   */
  check(username: string, identityKey: IdentityKey): void {
    const known = this.pinned(username)
    if (known !== undefined && !equalBytes(known.identityKey, identityKey)) {
      throw new ClientError("identity_changed", `${username} has another key than when you first met`, {
        nextStep:
          "Somebody may be impersonating them, or they began a new profile: ask them over another channel, and talk to a new name if it is them.",
      })
    }
    const { username: name } = this.person(identityKey)
    if (name !== undefined && sameName(name) !== sameName(username)) throw secondName(username, name)
  }

  /** The write that pins a name, and what to do when it is committed. Call {@link check} first. */
  pin(username: string, identityKey: IdentityKey): { readonly change: Change; readonly commit: () => void } {
    const contact = { username, identityKey }
    return {
      change: put("contacts", toUtf8(sameName(username)), contactRecord.encode(contact)),
      commit: () => this.#remember(contact),
    }
  }

  #remember(contact: { readonly username: string; readonly identityKey: IdentityKey }): void {
    this.#byName.set(sameName(contact.username), contact)
    this.#byKey.set(toHex(contact.identityKey), contact)
  }
}
