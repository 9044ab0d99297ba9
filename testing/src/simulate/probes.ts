import type { Conversation } from "@qpc/sdk"
import { toHex } from "@qpc/wire"
import type { ClientNode } from "./client-node.ts"
import { isStuck, viewsOf } from "./liveness.ts"
import type { Unsettled } from "./liveness.ts"
import type { GroupView, Oracle } from "./oracle.ts"

/** Who is to write and to read. */
interface ProbeOptions {
  readonly living: readonly ClientNode[]
  readonly oracle: Oracle
  readonly write: (node: ClientNode, group: Conversation) => void
}

/** The texts that a world at rest is tried with: everybody writes to each of their groups, and everybody must read it. */
export class Probes {
  readonly #options: ProbeOptions
  readonly #first: number
  readonly #expected: ReadonlyMap<ClientNode, ReadonlyMap<string, GroupView>>
  /** Those that were written once more. */
  readonly #repeated = new Set<number>()

  /** Has everybody write. */
  constructor(options: ProbeOptions) {
    this.#options = options
    const { living, oracle, write } = options
    this.#first = oracle.texts.size + 1
    for (const node of living) for (const group of writable(node)) write(node, group)
    this.#expected = new Map(living.map((node) => [node, viewsOf(node)]))
  }

  /** Who has not read what by now. */
  missed(): readonly Unsettled[] {
    this.#repeat()
    const missed: Unsettled[] = []
    for (const [node, groups] of this.#expected) {
      for (const [group, { isMember }] of groups) {
        const unread = isMember ? this.#options.oracle.unread(node, group, this.#first) : []
        for (const { number, sender } of unread) {
          if (this.#repeated.has(number)) continue
          missed.push({ kind: "probe", what: `${node.name} does not read the probe of ${sender.name}` })
        }
      }
    }
    return missed
  }

  /**
   * Second devices come into groups while the probes are on their way. Whoever is told that a group changed too often meanwhile writes once
   * more, as they are told to.
   */
  #repeat(): void {
    const { living, oracle, write } = this.#options
    for (const { number, sender, group: id } of oracle.overtaken(this.#first)) {
      const node = living.find(({ key }) => key === sender.key)
      const group = node && writable(node).find((conversation) => toHex(conversation.id) === id)
      if (node === undefined || group === undefined || this.#repeated.has(number)) continue
      this.#repeated.add(number)
      write(node, group)
    }
  }
}

function writable({ client }: ClientNode): readonly Conversation[] {
  return (client?.conversations() ?? []).filter((group) => group.isMember && !group.isLeaving && !isStuck(group))
}
