import { frameChannel } from "@qpc/transport"
import type { Connection, FrameChannel } from "@qpc/transport"
import { FramingError, TransportError } from "@qpc/transport"
import { encodeAnswer } from "./admission.ts"
import type { Answer } from "./admission.ts"
import { Coordinator } from "./coordinator.ts"
import type { Admission } from "./coordinator.ts"
import type { GroupSession, Reaction } from "./group-session.ts"
import type { Told } from "./told.ts"

/** From the connection to the key package. */
const HELLO_MS = 10_000
/** One has some 300 bytes; what is in it stays in the tree, and so in every later Welcome. */
const KEY_PACKAGE_MAX_BYTES = 16 * 1024

/**
 * The founder's side: lets in who connects, carries everybody's frames to everybody else, and removes who is gone. What it carries it
 * reads as a member, like everybody; what it cannot read it carries all the same.
 */
export class Hub {
  readonly #session: GroupSession
  readonly #coordinator: Coordinator
  readonly #tell: (told: Told) => void
  /** By connection, the leaf of each member; who has not been let in yet is not here. */
  readonly #members = new Map<FrameChannel, number>()
  /** Connections that are being served: what becomes of somebody else's wish to come in concerns nobody. */
  readonly #open = new Set<FrameChannel>()
  #isClosed = false
  /** Answers to newcomers wait here until the frames before them have left: those are of an epoch that they are not in. */
  #answers: (() => void)[] = []

  constructor(session: GroupSession, tell: (told: Told) => void) {
    this.#session = session
    this.#coordinator = new Coordinator(session)
    this.#tell = tell
  }

  /** Serves one connection until it ends. Never rejects for what the peer does. */
  async serve(connection: Connection): Promise<void> {
    if (this.#isClosed) return await connection.close("the node stops")
    const channel = frameChannel(connection)
    this.#open.add(channel)
    const timer = setTimeout(() => void channel.close("no key package in time"), HELLO_MS)
    try {
      let isGreeted = false
      for await (const frame of channel.incoming) {
        clearTimeout(timer)
        if (isGreeted) this.#carry(frame, channel)
        else this.#letIn(frame, channel)
        isGreeted = true
      }
    } catch (error) {
      // Of who was not let in yet, nothing is lost.
      if (this.#members.has(channel)) this.#broken(channel, error)
      else if (!isOfConnection(error)) throw error
    } finally {
      clearTimeout(timer)
      this.#open.delete(channel)
      this.#left(channel)
      await channel.close()
    }
  }

  /** Sends a frame of ours to everybody. */
  send(frame: Uint8Array): void {
    this.#spread({ frames: [frame], told: [] })
  }

  /** Says to everybody that the coordinator is there. */
  signOfLife(): void {
    this.send(this.#coordinator.signOfLife())
  }

  /** Does what is due. Call it every half second or so. */
  tick(): void {
    const reaction = this.#session.tick()
    this.#spread(reaction)
    const isLate = reaction.told.some((told) => told.event === "refused" && told.code === PREPARE_TIMEOUT)
    if (isLate) this.#giveUp()
    this.#spread(this.#coordinator.step())
  }

  /** Ends all connections, those that wait to be let in as well. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#members.clear() // Nobody is removed: the group ends here.
    const open = [...this.#open]
    this.#open.clear() // Nor is anybody said to be disconnected.
    await Promise.all(open.map(async (channel) => await channel.close("the node stops")))
  }

  #letIn(keyPackage: Uint8Array, channel: FrameChannel): void {
    if (keyPackage.length > KEY_PACKAGE_MAX_BYTES) {
      return this.#answer(channel, { refused: `a key package has at most ${KEY_PACKAGE_MAX_BYTES} bytes` })
    }
    const step = this.#coordinator.add({
      keyPackage,
      isGone: () => !this.#open.has(channel),
      settled: (result) => this.#answers.push(() => this.#answer(channel, result)),
    })
    this.#spread(step)
  }

  #answer(channel: FrameChannel, result: Admission | { readonly refused: string }): void {
    const isRefused = "refused" in result
    // The leaf of one who left meanwhile would never be ready for anything.
    if (!isRefused && !this.#open.has(channel)) return this.#spread(this.#coordinator.remove(result.leafIndex))
    const answer: Answer = isRefused
      ? { kind: "refused", reason: result.refused }
      : { kind: "admitted", transitionId: result.transitionId, welcome: result.welcome }
    if (!isRefused) this.#members.set(channel, result.leafIndex)
    channel.send(encodeAnswer(answer)).then(
      () => (isRefused ? channel.close("refused") : undefined),
      (error: unknown) => this.#broken(channel, error),
    )
  }

  #carry(frame: Uint8Array, from: FrameChannel): void {
    if (!this.#members.has(from)) return
    this.#spread({ frames: [frame], told: [] }, from)
    this.#spread(this.#session.receive(frame))
    this.#spread(this.#coordinator.step())
  }

  /** Who held the group up for too long is disconnected like one who does not read. */
  #giveUp(): void {
    const { reaction, silent } = this.#coordinator.abort()
    for (const [channel, leafIndex] of this.#members) {
      if (!silent.includes(leafIndex)) continue
      this.#disconnect(channel, "not ready in time", PREPARE_TIMEOUT)
      this.#members.delete(channel) // The coordinator removes its leaf already.
    }
    this.#spread(reaction)
  }

  /** A frame was not read or not sent, so all later ones would leave a hole: the connection ends, and its member is removed. */
  #broken(channel: FrameChannel, error: unknown): void {
    if (!isOfConnection(error)) throw error
    this.#disconnect(channel, error.message, error.code)
  }

  /** Ends a connection and tells why, once: whatever else fails on it has the same cause. */
  #disconnect(channel: FrameChannel, reason: string, code: string): void {
    if (!this.#open.delete(channel)) return
    const leafIndex = this.#members.get(channel)
    const who = leafIndex === undefined ? undefined : this.#session.personAt(leafIndex)
    this.#tell({ event: "disconnected", who, address: channel.connection.peerAddress, reason, code })
    void channel.close(code)
  }

  #left(channel: FrameChannel): void {
    const leafIndex = this.#members.get(channel)
    this.#members.delete(channel)
    if (leafIndex !== undefined) this.#spread(this.#coordinator.remove(leafIndex))
  }

  #spread({ frames, told }: Reaction, except?: FrameChannel): void {
    for (const frame of frames) {
      for (const channel of this.#members.keys()) {
        if (channel !== except) channel.send(frame).catch((error: unknown) => this.#broken(channel, error))
      }
    }
    for (const answer of this.#answers.splice(0)) answer()
    for (const one of told) this.#tell(one)
  }
}

/** What a connection does, as opposed to a mistake of ours. */
function isOfConnection(error: unknown): error is TransportError | FramingError {
  return error instanceof TransportError || error instanceof FramingError
}

/** `PREPARE_TIMEOUT` of the error registry. */
const PREPARE_TIMEOUT = "0x0010"
