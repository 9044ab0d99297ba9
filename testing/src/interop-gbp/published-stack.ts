import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { encodeArgs, SIGNAL_CODES } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { fromHex, toHex } from "@qpc/wire"
import type { CodecName, Kind } from "gbp-node/golden"
import { PeerProgram } from "../peer-program.ts"
import type { AudioToSend, ControlToSend, Invitation, Position, Stack, StackMember, Told } from "./stack-member.ts"

const PROGRAM = new URL("../../peers/gbp-stack/target/release/gbp-stack-driver", import.meta.url)

/** What our driver answers; see `testing/peers/gbp-stack/src`. */
type Answer = Readonly<Record<string, unknown>>

/** True once `npm run interop:gbp:peer` built the driver. */
export function isPublishedStackBuilt(): boolean {
  return existsSync(PROGRAM)
}

/** The published stack behind our driver, in a process of its own. */
export class PublishedStack implements Stack {
  readonly name = "published"
  readonly #program = new PeerProgram(fileURLToPath(PROGRAM))
  #memberCount = 0

  /** @throws PeerError */
  async ask(request: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { ok } = await this.#program.ask(JSON.stringify(request))
    return ok as Answer
  }

  /** What its types read in a golden message, in the notation of the file, and the bytes that they write again. */
  async readAndWrite(kind: Kind, codec: CodecName, hex: string): Promise<{ value: unknown; hex: string }> {
    return (await this.ask({ ask: "golden", kind, codec, hex })) as unknown as { value: unknown; hex: string }
  }

  async newMember(id: number): Promise<PublishedMember> {
    const member = `${++this.#memberCount}`
    await this.ask({ ask: "new", member, id, identity: `published ${id}` })
    return new PublishedMember(this, member, id)
  }

  async close(): Promise<void> {
    await this.#program.close()
  }
}

class PublishedMember implements StackMember {
  readonly id: number
  readonly #stack: PublishedStack
  readonly #member: string

  constructor(stack: PublishedStack, member: string, id: number) {
    this.#stack = stack
    this.#member = member
    this.id = id
  }

  async keyPackage(): Promise<Uint8Array> {
    return await this.#bytes("keyPackage")
  }

  async invite(keyPackages: readonly Uint8Array[]): Promise<Invitation> {
    const { commit, welcome } = await this.#ask("invite", { keyPackages: keyPackages.map(toHex) })
    return { commit: fromHex(commit as string), welcome: fromHex(welcome as string) }
  }

  async remove(leafIndex: number): Promise<Uint8Array> {
    return fromHex((await this.#ask("remove", { leafIndex }))["commit"] as string)
  }

  async process(commit: Uint8Array): Promise<void> {
    await this.#ask("process", { bytes: toHex(commit) })
  }

  async finalize(): Promise<void> {
    await this.#ask("finalize")
  }

  async clear(): Promise<void> {
    await this.#ask("clear")
  }

  async acceptWelcome(welcome: Uint8Array): Promise<void> {
    await this.#ask("acceptWelcome", { bytes: toHex(welcome) })
  }

  async asCreator(): Promise<void> {
    await this.#ask("asCreator", { epoch: `${(await this.position()).mlsEpoch}` })
  }

  async asJoiner(epoch: bigint, transitionId: number): Promise<void> {
    await this.#ask("asJoiner", { epoch: `${epoch}`, transitionId })
  }

  async applyTransition(transitionId: number): Promise<void> {
    await this.#ask("applyTransition", { transitionId })
  }

  async text(messageId: bigint, text: string, codec: CodecName): Promise<Uint8Array> {
    return await this.#bytes("text", { messageId: `${messageId}`, text, codec })
  }

  async audio({ mediaSourceId, timestamp, opus }: AudioToSend, codec: CodecName): Promise<Uint8Array> {
    return await this.#bytes("audio", { mediaSourceId, timestamp: `${timestamp}`, opus: toHex(opus), codec })
  }

  async signal(signal: Signal, requestId: number, codec: CodecName): Promise<Uint8Array> {
    const args = toHex(encodeArgs(signal))
    return await this.#bytes("signal", { signalType: SIGNAL_CODES[signal.type], requestId, args, codec })
  }

  async control({ args, ...message }: ControlToSend): Promise<Uint8Array> {
    return await this.#bytes("control", { ...message, args: toHex(args) })
  }

  async receive(frame: Uint8Array): Promise<readonly Told[]> {
    const told = (await this.#ask("receive", { bytes: toHex(frame) })) as unknown as readonly Answer[]
    return told.map(toTold).filter((one) => one !== undefined)
  }

  async restart(): Promise<void> {
    const { transitionId } = await this.position()
    const { state, sequences } = await this.#ask("exportState")
    await this.#ask("restore", { id: this.id, state, sequences, transitionId })
  }

  async exportSecret(label: string, context: Uint8Array, lengthBytes: number): Promise<Uint8Array> {
    return await this.#bytes("exportSecret", { label, context: toHex(context), lengthBytes })
  }

  async sframeSession(): Promise<void> {
    await this.#ask("sframeSession")
  }

  async sframeSeal(plaintext: Uint8Array, metadata: Uint8Array): Promise<Uint8Array> {
    return await this.#bytes("sframeSeal", { bytes: toHex(plaintext), metadata: toHex(metadata) })
  }

  async sframeOpen(frame: Uint8Array, metadata: Uint8Array): ReturnType<StackMember["sframeOpen"]> {
    const { bytes, leafIndex } = await this.#ask("sframeOpen", { bytes: toHex(frame), metadata: toHex(metadata) })
    return { plaintext: fromHex(bytes as string), leafIndex: leafIndex as number }
  }

  async position(): Promise<Position> {
    const { groupId, epoch, mlsEpoch, transitionId } = await this.#ask("state")
    return {
      groupId: groupId as string,
      epoch: BigInt(epoch as string),
      mlsEpoch: BigInt(mlsEpoch as string),
      transitionId: transitionId as number,
    }
  }

  async #ask(ask: string, about: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return await this.#stack.ask({ ask, member: this.#member, ...about })
  }

  async #bytes(ask: string, about: Readonly<Record<string, unknown>> = {}): Promise<Uint8Array> {
    return fromHex((await this.#ask(ask, about))["bytes"] as string)
  }
}

/** Repetitions and errors are refusals; `undefined` for what only says how a message was taken. */
function toTold(answer: Answer): Told | undefined {
  switch (answer["kind"]) {
    case "text":
    case "audio":
      return answer["isNew"] === true ? (answer as unknown as Told) : { kind: "refused", reason: "repeated" }
    case "signal":
    case "control":
    case "state":
    case "claim":
    case "refused":
      return answer as unknown as Told
    case "error":
      return { kind: "refused", reason: `0x${(answer["code"] as number).toString(16).padStart(4, "0")}` }
    default:
      return undefined
  }
}
