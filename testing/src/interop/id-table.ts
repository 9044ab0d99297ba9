import { RefusedError } from "./calls.ts"

/** How many states, transactions and signers one server keeps at once. A harness that never frees any gets an error. */
const ENTRIES_LIMIT = 20_000

/** Numbers for things that a caller refers to by number. Ids of different kinds share one sequence and never collide. */
export class IdTable<Kinds extends { readonly [kind: string]: unknown }> {
  readonly #entries = new Map<number, { readonly kind: keyof Kinds; readonly value: unknown }>()
  #next = 1

  /** @throws RefusedError when the table is full */
  add<Kind extends keyof Kinds>(kind: Kind, value: Kinds[Kind]): number {
    if (this.#entries.size >= ENTRIES_LIMIT) throw new RefusedError(`more than ${ENTRIES_LIMIT} things to remember`)
    const id = this.#next++
    this.#entries.set(id, { kind, value })
    return id
  }

  /** @throws RangeError if there is no such thing, or of another kind */
  get<Kind extends keyof Kinds>(kind: Kind, id: number): Kinds[Kind] {
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.kind !== kind) throw new RangeError(`no ${String(kind)} ${id}`)
    return entry.value as Kinds[Kind]
  }

  /** The thing and its kind; `undefined` if there is none. */
  find(id: number): { readonly kind: keyof Kinds; readonly value: unknown } | undefined {
    return this.#entries.get(id)
  }

  delete(id: number): void {
    this.#entries.delete(id)
  }
}
