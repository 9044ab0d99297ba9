import { suite0001 } from "@qpc/crypto/node"
import { fromHex, fromUtf8, toHex, toUtf8 } from "@qpc/wire"
import type { ControlMessage } from "../../control.ts"
import type { LiveGroup, MemberChanges, StagedOwn } from "../live-group.ts"

/** What the fake members can agree on. */
export interface FakeChange {
  readonly add?: number
  readonly remove?: number
}

/** A frame that opened. */
export interface FakeFrame {
  readonly message: ControlMessage
  readonly senderId: number
  readonly epoch: bigint
}

/** An epoch: its history in one hash, as MLS has it in its keys. */
interface FakeEpoch extends MemberChanges {
  readonly epoch: bigint
  readonly memberIds: readonly number[]
  readonly history: string
}

const PAST_EPOCHS = 3

/**
 * Stands in for MLS: who has the history of an epoch has its keys. Frames are readable, and open only for those who have the history they were
 * sealed under; nobody can write in another's name.
 */
export class FakeGroup implements LiveGroup<FakeChange> {
  readonly #ownId: number
  #current: FakeEpoch
  #past: FakeEpoch[] = []
  staged: FakeEpoch | undefined
  /** The histories of all commits that were ever held, followed or not. */
  readonly held = new Set<string>()
  /** Called before a commit takes effect. */
  onMerge: (group: FakeGroup) => void = () => undefined

  private constructor(ownId: number, current: FakeEpoch) {
    this.#ownId = ownId
    this.#current = current
    this.held.add(current.history)
  }

  static create(ownId: number): FakeGroup {
    return new FakeGroup(ownId, { epoch: 0n, memberIds: [ownId], history: hashOf("created"), joined: [], left: [] })
  }

  static join(ownId: number, welcome: Uint8Array): FakeGroup {
    const { epoch, memberIds, history } = JSON.parse(fromUtf8(welcome)!) as {
      epoch: string
      memberIds: number[]
      history: string
    }
    return new FakeGroup(ownId, { epoch: BigInt(epoch), memberIds, history, joined: [], left: [] })
  }

  get epoch(): bigint {
    return this.#current.epoch
  }

  get memberIds(): readonly number[] {
    return this.#current.memberIds
  }

  get history(): string {
    return this.#current.history
  }

  stageOwn({ add, remove }: FakeChange): StagedOwn | { readonly kind: "done" } | { readonly kind: "refused" } {
    const isDone = add === undefined ? !this.memberIds.includes(remove!) : this.memberIds.includes(add)
    if (isDone) return { kind: "done" }
    if (remove === this.#ownId) return { kind: "refused" }
    const commit = toUtf8(JSON.stringify({ add, remove, by: this.#ownId, on: this.history }))
    const staged = this.#follow(commit)!
    this.staged = staged
    this.held.add(staged.history)
    const welcome = toUtf8(JSON.stringify({ ...staged, epoch: String(staged.epoch) }))
    return {
      kind: "staged",
      commit,
      welcome: add === undefined ? undefined : welcome,
      joined: staged.joined,
      left: staged.left,
    }
  }

  stageReceived(commit: Uint8Array, senderId: number): MemberChanges | undefined {
    const staged = this.#follow(commit)
    if (staged === undefined || !fromUtf8(commit)!.includes(`"by":${senderId},`)) return undefined
    this.staged = staged
    this.held.add(staged.history)
    return staged
  }

  merge(): void {
    this.onMerge(this)
    this.#past = [this.#current, ...this.#past].slice(0, PAST_EPOCHS)
    this.#current = this.staged!
    this.staged = undefined
  }

  clear(): void {
    if (this.staged === undefined) throw new Error("nothing is staged")
    this.staged = undefined
  }

  seal(message: ControlMessage): Uint8Array {
    const args = toHex(message.args)
    return toUtf8(JSON.stringify({ history: this.history, from: this.#ownId, ...message, args }))
  }

  /** `undefined` for a frame of an epoch whose keys we do not have. */
  open(frame: Uint8Array): FakeFrame | undefined {
    const read = JSON.parse(fromUtf8(frame)!) as { history: string; from: number; args: string } & Omit<
      ControlMessage,
      "args"
    >
    const { history, from, args, ...message } = read
    const epochs = [this.#current, ...this.#past, ...(this.staged === undefined ? [] : [this.staged])]
    const epoch = epochs.find((one) => one.history === history)
    return epoch && { message: { ...message, args: fromHex(args) }, senderId: from, epoch: epoch.epoch }
  }

  hash(bytes: Uint8Array): Uint8Array {
    return suite0001.hash(bytes)
  }

  #follow(commit: Uint8Array): FakeEpoch | undefined {
    const text = fromUtf8(commit)
    if (text?.startsWith("{") !== true) return undefined
    const { add, remove, on } = JSON.parse(text) as { add?: number; remove?: number; on: string }
    if (on !== this.history) return undefined
    const left = this.memberIds.filter((id) => id === remove)
    const joined = add === undefined ? [] : [add]
    const memberIds = [...this.memberIds.filter((id) => id !== remove), ...joined].toSorted((a, b) => a - b)
    return { epoch: this.epoch + 1n, memberIds, history: hashOf(this.history + text), joined, left }
  }
}

function hashOf(text: string): string {
  return toHex(suite0001.hash(toUtf8(text))).slice(0, 16)
}
