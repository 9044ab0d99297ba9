import { ControlOpcode, GroupNode, MlsContext } from "gbp-stack"
import type { NodeEvent, OutboundFrame } from "gbp-stack"

/** Somebody in a room: the keys of the group, and the node that speaks with them. */
export interface Person extends Disposable {
  readonly name: string
  readonly memberId: number
  readonly mls: MlsContext
  readonly node: GroupNode
}

/**
 * People in one group, and a network that carries every frame to everybody else at once. Whoever writes a program has a real network
 * there; nothing else would be different.
 */
export class Room implements Disposable {
  readonly #people: Person[] = []
  readonly #onEvent: (person: Person, event: NodeEvent) => void
  #lastTransitionId = 0

  /** @param onEvent - What each person is told. */
  constructor(onEvent: (person: Person, event: NodeEvent) => void) {
    this.#onEvent = onEvent
  }

  /** Makes the group. Who does is its coordinator. */
  create(name: string, memberId: number): Person {
    const mls = MlsContext.create(name, { memberId })
    const node = GroupNode.create(memberId, mls.groupId)
    node.bootstrapAsCreator(mls.epoch)
    return this.#enter(personOf(name, mls, node))
  }

  /**
   * The coordinator takes somebody in, and nobody is left behind: PREPARE with the commit to everybody, READY from everybody,
   * then the commit takes effect and EXECUTE tells them (GBP control plane).
   */
  invite(coordinator: Person, name: string, memberId: number): Person {
    const mls = MlsContext.create(name, { memberId })
    const transitionId = ++this.#lastTransitionId
    const { commit, welcome } = coordinator.mls.inviteFull(mls.exportKeyPackage())
    this.#control(coordinator, ControlOpcode.PrepareTransition, transitionId, commit)
    for (const person of this.#people) {
      if (person === coordinator) continue
      person.mls.processMessage(commit)
      this.#control(person, ControlOpcode.ReadyForTransition, transitionId)
    }
    coordinator.mls.finalizeCommit()
    mls.acceptWelcome(welcome)
    const node = GroupNode.create(memberId, mls.groupId)
    node.bootstrapAsJoiner(mls.epoch, transitionId)
    const newcomer = this.#enter(personOf(name, mls, node))
    for (const person of this.#people) person.mls.finalizeCommit()
    this.#control(coordinator, ControlOpcode.ExecuteTransition, transitionId)
    return newcomer
  }

  /** Carries a frame to everybody but its sender. */
  carry(from: Person, { wire }: OutboundFrame): void {
    for (const person of this.#people) {
      if (person === from) continue
      for (const event of person.node.onWire(person.mls, wire)) this.#onEvent(person, event)
    }
  }

  /** Zeroes everybody's keys. */
  [Symbol.dispose](): void {
    for (const person of this.#people) person[Symbol.dispose]()
  }

  #control(from: Person, opcode: ControlOpcode, transitionId: number, args?: Uint8Array): void {
    this.carry(from, from.node.sendControl(from.mls, 0, opcode, transitionId, transitionId, args))
  }

  #enter(person: Person): Person {
    this.#people.push(person)
    return person
  }
}

function personOf(name: string, mls: MlsContext, node: GroupNode): Person {
  const dispose = (): void => {
    node.close()
    mls.close()
  }
  return { name, memberId: node.memberId, mls, node, [Symbol.dispose]: dispose }
}
