import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"

/** What a watcher of an inbox is told. */
export interface InboxWatcher {
  /** There is something new to read. */
  readonly woken: () => void
  /** Everything up to here was acknowledged, on whichever connection. */
  readonly acknowledged: (seqUpTo: number) => void
}

/** Tells connections of this process that an inbox has changed. One watcher per subscribed connection. */
export class InboxNotifier {
  readonly #watchers = new Map<string, Set<InboxWatcher>>()

  /** Dispose of the result to stop watching. */
  watch(inbox: IdentityKey, watcher: InboxWatcher): Disposable {
    const key = toHex(inbox)
    const watchers = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, watchers.add(watcher))
    return {
      [Symbol.dispose]: () => {
        watchers.delete(watcher)
        if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key)
      },
    }
  }

  wake(inbox: IdentityKey): void {
    for (const watcher of this.#watchers.get(toHex(inbox)) ?? []) watcher.woken()
  }

  acknowledge(inbox: IdentityKey, seqUpTo: number): void {
    for (const watcher of this.#watchers.get(toHex(inbox)) ?? []) watcher.acknowledged(seqUpTo)
  }
}
