import { ControlOpcode, GroupNode, GspClient, GtpClient, MlsContext, StackError, StreamType } from "gbp-stack"
import type { GroupNodeOptions, NodeEvent } from "gbp-stack"
import type { Person, Told } from "./told.ts"
import type { TypedSignal } from "./typed-signal.ts"

/** Who a session is, and how it speaks. */
export interface SessionOptions extends Pick<GroupNodeOptions, "profile" | "acceptedRisk" | "now" | "timeouts"> {
  /** What others are told; a claim. */
  readonly name: string
  readonly memberId: number
}

/** What a step gives: frames for everybody else, and what to tell. */
export interface Reaction {
  readonly frames: readonly Uint8Array[]
  readonly told: readonly Told[]
}

/**
 * One member of a group on the facade: keys, node and clients as one object without a network. The transitions of a coordinator
 * are in `coordinator.ts`; this is what every member does.
 */
export class GroupSession implements Disposable {
  readonly mls: MlsContext
  readonly #options: SessionOptions
  readonly #gtp: GtpClient = GtpClient.create()
  #node: GroupNode | undefined
  readonly #gsp: GspClient = GspClient.create()
  #nextMessageId = 1n
  #nextRequestId = 1
  /** The transition whose commit we staged, of which we are not the coordinator; 0 for none. */
  #preparedId = 0

  constructor(options: SessionOptions) {
    this.#options = options
    // Peers of gbp/1 refuse leaves with extensions that they do not know; there, ids are claims anyway.
    const signed = options.profile === "gbp/1" ? {} : { memberId: options.memberId }
    this.mls = MlsContext.create(options.name, signed)
  }

  get memberId(): number {
    return this.#options.memberId
  }

  /** @throws Error before `found` or `join` */
  get node(): GroupNode {
    if (this.#node === undefined) throw new Error("unreachable: the session is in no group yet")
    return this.#node
  }

  /** Begins a group of one. */
  found(): Reaction {
    this.#node = this.#makeNode()
    this.#node.bootstrapAsCreator(this.mls.epoch)
    return this.#react(this.#node.drainEvents())
  }

  /** Enters the group of a Welcome, which a transition led to. @throws StackError `bad_welcome` */
  join(welcome: Uint8Array, transitionId: number): Reaction {
    this.mls.acceptWelcome(welcome)
    this.#node = this.#makeNode()
    // The transition took effect before we came; a node of gbp/1 counts its epoch by it.
    this.#node.bootstrapAsJoiner(this.mls.epoch - 1n)
    this.#node.applyTransition(transitionId)
    return this.#react(this.#node.drainEvents())
  }

  /** Everybody in the group. */
  people(): Person[] {
    return this.node.members(this.mls).map(({ memberId, identity }) => ({ memberId, name: identity }))
  }

  /** Who has this leaf, if anybody. */
  personAt(leafIndex: number): Person | undefined {
    const found = this.node.members(this.mls).find((member) => member.leafIndex === leafIndex)
    return found && { memberId: found.memberId, name: found.identity }
  }

  /** Seals a text for everybody. @throws StackError where the profile or the epoch does not allow another frame */
  say(text: string): Uint8Array {
    return this.#gtp.send(this.node, this.mls, 0, this.#nextMessageId++, text).wire
  }

  /** Seals a signal for everybody. @throws StackError as {@link say}, and `bad_arguments` */
  signal({ signal, args }: TypedSignal): Uint8Array {
    return this.#gsp.sendWithArgs(this.node, this.mls, 0, signal, 0, this.#nextRequestId++, args).wire
  }

  /** A frame that says nothing but that we are there. @throws StackError as {@link say} */
  signOfLife(): Uint8Array {
    const { lastTransitionId } = this.node
    return this.node.sendControl(this.mls, 0, ControlOpcode.Ack, lastTransitionId, 0).wire
  }

  /** Takes in a frame. Total: whatever the bytes are, it returns. */
  receive(frame: Uint8Array): Reaction {
    return this.#react(this.node.onWire(this.mls, frame))
  }

  /** Does what is due. Call it every half second or so. */
  tick(): Reaction {
    return this.#react(this.node.checkTimeouts())
  }

  [Symbol.dispose](): void {
    this.#node?.close()
    this.mls.close()
  }

  #makeNode(): GroupNode {
    const { memberId, profile, acceptedRisk, now, timeouts } = this.#options
    return GroupNode.create(memberId, this.mls.groupId, {
      ...(profile === undefined ? {} : { profile }),
      ...(acceptedRisk === undefined ? {} : { acceptedRisk }),
      ...(now === undefined ? {} : { now }),
      ...(timeouts === undefined ? {} : { timeouts }),
    })
  }

  #react(events: readonly NodeEvent[]): Reaction {
    const frames: Uint8Array[] = []
    const told: Told[] = []
    for (const event of events) {
      if (event.kind === "payload_received") told.push(...this.#read(event))
      else if (event.kind === "warning") told.push({ event: "warning", reason: event.reason ?? "" })
      else if (event.kind === "error") told.push({ event: "refused", reason: event.reason ?? "", code: event.codeHex })
      else if (event.kind === "control") {
        const step = this.#follow(event)
        frames.push(...step.frames)
        told.push(...step.told)
      }
    }
    return { frames, told }
  }

  #read({ plaintext, streamType }: NodeEvent): Told[] {
    if (plaintext === undefined) return []
    if (streamType === StreamType.Signal) return this.#readSignal(plaintext)
    if (streamType !== StreamType.Text) return []
    const accepted = this.#gtp.accept(plaintext, this.mls.epoch)
    if (accepted.status === "duplicate") return []
    if (accepted.status === "error") return [refused(accepted)]
    return [{ event: "text", from: this.#person(accepted.sender), text: accepted.text ?? "(not text)" }]
  }

  #readSignal(plaintext: Uint8Array): Told[] {
    const accepted = this.#gsp.accept(plaintext, this.mls.epoch)
    if (accepted.status === "duplicate") return []
    if (accepted.status === "error" || accepted.content === undefined) return [refused(accepted)]
    const { content, isAuthorized = false } = accepted
    return [{ event: "signal", from: this.#person(accepted.sender), signal: content, isAuthorized }]
  }

  /** What a member does about the coordinator's steps: stages the commit and says so; then takes it into effect. */
  #follow({ opcodeCode, transitionId = 0, requestId = 0, args }: NodeEvent): Reaction {
    if (opcodeCode === ControlOpcode.PrepareTransition) return this.#prepare(transitionId, requestId, args!)
    if (opcodeCode === ControlOpcode.AbortTransition && transitionId === this.#preparedId) this.#preparedId = 0
    if (opcodeCode !== ControlOpcode.ExecuteTransition) return { frames: [], told: [] }
    // In gbp/1 anybody may say so, also of a commit that we refused, or while one of our own waits.
    if (transitionId !== this.#preparedId) return { frames: [], told: [notPrepared(transitionId)] }
    this.#preparedId = 0
    const { epoch } = this.mls
    this.mls.finalizeCommit()
    // Who is removed has no keys of the next epoch, and stays behind.
    if (this.mls.epoch === epoch) return { frames: [], told: [{ event: "removed" }] }
    const because = `transition ${transitionId}`
    return { frames: [], told: [{ event: "members", epoch: this.mls.epoch, members: this.people(), because }] }
  }

  #prepare(transitionId: number, requestId: number, commit: Uint8Array): Reaction {
    try {
      this.mls.processMessage(commit)
      this.#preparedId = transitionId
      const ready = this.node.sendControl(this.mls, 0, ControlOpcode.ReadyForTransition, transitionId, requestId)
      return { frames: [ready.wire], told: [] }
    } catch (error) {
      if (!(error instanceof StackError)) throw error
      return { frames: [], told: [{ event: "refused", reason: error.message, code: error.code }] }
    }
  }

  #person(memberId: number | undefined): Person {
    return this.people().find((person) => person.memberId === memberId) ?? { memberId, name: undefined }
  }
}

function notPrepared(transitionId: number): Told {
  const reason = `transition ${transitionId} was executed, and its commit is not prepared here: connect anew`
  return { event: "refused", reason, code: undefined }
}

function refused({ reason = "", code }: { readonly reason?: string; readonly code?: number }): Told {
  const codeHex = code === undefined ? undefined : `0x${code.toString(16).padStart(4, "0")}`
  return { event: "refused", reason, code: codeHex }
}
