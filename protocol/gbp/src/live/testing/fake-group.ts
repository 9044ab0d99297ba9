import { suite0001 } from "@qpc/crypto/node"
import { fromHex, fromUtf8, toHex, toUtf8 } from "@qpc/wire"
import type { ControlMessage } from "../../control.ts"
import type { LiveGroup, MemberChanges, StagedOwn } from "../live-group.ts"

/** What the fake members can agree on. */
export interface FakeChange {
  readonly add?: number
  readonly remove?: number
}

/** What a frame says. */
export interface FakeFrame {
  readonly message: ControlMessage
  readonly senderId: number
  readonly epoch: bigint
}

/** What came of opening a frame. */
export type FakeOpened =
  | (FakeFrame & { readonly kind: "opened" })
  /**
   * `again`: it was opened before. `ahead`: of an epoch that we do not have. `own`, `closed`: ours, or of an epoch that is forgotten.
   * `other`: of another epoch under a number that we have.
   */
  | { readonly kind: "again" | "ahead" | "own" | "closed" | "other" }

interface WrittenFrame extends Omit<ControlMessage, "args"> {
  readonly history: string
  readonly from: number
  readonly epoch: string
  readonly generation: number
  readonly args: string
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
 * sealed under, once; nobody can write in another's name, and whoever is removed gets no keys of the epoch without them.
 */
export class FakeGroup implements LiveGroup<FakeChange> {
  readonly #ownId: number
  #current: FakeEpoch
  #past: FakeEpoch[] = []
  staged: FakeEpoch | undefined
  #isRemoved = false
  #generation = 0
  readonly #openedBefore = new Set<string>()
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
    const next = this.staged!
    this.#isRemoved = !next.memberIds.includes(this.#ownId)
    this.#past = [this.#current, ...this.#past].slice(0, PAST_EPOCHS)
    this.#current = next
    this.staged = undefined
  }

  clear(): void {
    if (this.staged === undefined) throw new Error("nothing is staged")
    this.staged = undefined
  }

  seal(message: ControlMessage): Uint8Array {
    const args = toHex(message.args)
    const [epoch, generation] = [String(this.epoch), this.#generation++]
    const written = { history: this.history, from: this.#ownId, epoch, generation, ...message, args }
    return toUtf8(JSON.stringify(written satisfies WrittenFrame))
  }

  open(frame: Uint8Array): FakeOpened {
    const read = FakeGroup.read(frame)
    if (read.senderId === this.#ownId) return { kind: "own" }
    const epoch = this.#readable().find((one) => one.history === read.history)
    if (epoch === undefined) return { kind: this.#whyNot(read.epoch) }
    const { from, generation } = JSON.parse(fromUtf8(frame)!) as WrittenFrame
    const name = `${read.history}/${from}/${generation}`
    if (this.#openedBefore.has(name)) return { kind: "again" }
    this.#openedBefore.add(name)
    return { kind: "opened", ...read }
  }

  /** Another text under the key of a frame, as only its author can make it: whoever opens one of the two never opens the other. */
  static twin(frame: Uint8Array, args: Uint8Array): Uint8Array {
    const written = JSON.parse(fromUtf8(frame)!) as WrittenFrame
    return toUtf8(JSON.stringify({ ...written, args: toHex(args) }))
  }

  /** What a frame says, for those who watch everybody. */
  static read(frame: Uint8Array): FakeFrame & { readonly history: string } {
    const { history, from, epoch, args, opcode, requestId, senderId, transitionId } = JSON.parse(
      fromUtf8(frame)!,
    ) as WrittenFrame
    const message = { opcode, requestId, senderId, transitionId, args: fromHex(args) }
    return { history, senderId: from, epoch: BigInt(epoch), message }
  }

  #whyNot(epoch: bigint): "ahead" | "closed" | "other" {
    if (this.#isRemoved) return "closed"
    if (epoch > this.epoch) return "ahead"
    return this.#readable().some((one) => one.epoch === epoch) ? "other" : "closed"
  }

  #readable(): FakeEpoch[] {
    if (this.#isRemoved) return []
    const isInNext = this.staged?.memberIds.includes(this.#ownId) === true
    return [this.#current, ...this.#past, ...(isInNext ? [this.staged!] : [])]
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
