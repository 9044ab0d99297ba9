import { deepEqual, equal } from "node:assert/strict"
import { OPCODES } from "@qpc/gbp"
import { toHex } from "@qpc/wire"
import type { Stack, StackMember, Told } from "./stack-member.ts"

/** Whose members play which part. */
export interface Cast {
  /** Makes the group and leads its transitions. */
  readonly creator: Stack
  readonly joiner: Stack
  /** Comes later. */
  readonly third: Stack
}

/** A creator and a joiner in one epoch. */
export interface Pair {
  readonly alice: StackMember
  readonly bob: StackMember
}

/** A pair, and the EXECUTE_TRANSITION that began it. */
export interface NewPair extends Pair {
  readonly execute: Uint8Array
}

const NOTHING = new Uint8Array(0)

/**
 * Makes a group of two: the joiner takes the Welcome, waits for transition 1, and gets its EXECUTE_TRANSITION. That frame is under the
 * keys of the new epoch and names the old one, since the node goes on only after it sent it.
 */
export async function pairOf({ creator, joiner }: Cast): Promise<NewPair> {
  const [alice, bob] = [await creator.newMember(1), await joiner.newMember(2)]
  await alice.asCreator()
  const { welcome } = await alice.invite([await bob.keyPackage()])
  await bob.acceptWelcome(welcome)
  await alice.finalize()
  await bob.asJoiner(0n, 1)
  const execute = await alice.control({
    opcode: OPCODES.EXECUTE_TRANSITION,
    transitionId: 1,
    requestId: 1,
    args: NOTHING,
  })
  await alice.applyTransition(1)
  onlyControl(await bob.receive(execute), OPCODES.EXECUTE_TRANSITION)
  await assertTogether([alice, bob], 1n, 1)
  return { alice, bob, execute }
}

/**
 * Adds a member to a group of two as the published stack's tests do: PREPARE_TRANSITION with the commit, READY_FOR_TRANSITION, and
 * EXECUTE_TRANSITION, all under the keys of the old epoch; the newcomer begins in the new one.
 */
export async function addThird({ alice, bob }: Pair, third: Stack, transitionId: number): Promise<StackMember> {
  const carol = await third.newMember(3)
  const { commit, welcome } = await alice.invite([await carol.keyPackage()])
  await transition({ alice, bob }, transitionId, commit)
  await carol.acceptWelcome(welcome)
  await carol.asJoiner((await carol.position()).mlsEpoch - 1n, 0)
  await carol.applyTransition(transitionId)
  return carol
}

/** Leads `bob` through a transition that `alice` has staged. */
export async function transition({ alice, bob }: Pair, transitionId: number, commit: Uint8Array): Promise<void> {
  await prepare({ alice, bob }, transitionId, commit)
  const requestId = transitionId
  const ready = await bob.control({ opcode: OPCODES.READY_FOR_TRANSITION, transitionId, requestId, args: NOTHING })
  onlyControl(await alice.receive(ready), OPCODES.READY_FOR_TRANSITION)
  const execute = await alice.control({ opcode: OPCODES.EXECUTE_TRANSITION, transitionId, requestId, args: NOTHING })
  await alice.applyTransition(transitionId)
  await alice.finalize()
  onlyControl(await bob.receive(execute), OPCODES.EXECUTE_TRANSITION)
  await bob.finalize()
}

/** The first step of a transition: both have the commit staged. */
export async function prepare({ alice, bob }: Pair, transitionId: number, commit: Uint8Array): Promise<void> {
  const opcode = OPCODES.PREPARE_TRANSITION
  const told = onlyControl(
    await bob.receive(await alice.control({ opcode, transitionId, requestId: 7, args: commit })),
    opcode,
  )
  equal(told.args, toHex(commit))
  await bob.process(commit)
}

/** All are in the same epoch of the same group, with the same keys as far as they show them. */
export async function assertTogether(
  members: readonly StackMember[],
  epoch: bigint,
  transitionId: number,
): Promise<void> {
  const [first, ...others] = await Promise.all(members.map((member) => member.position()))
  deepEqual(first, { groupId: first!.groupId, epoch, mlsEpoch: epoch, transitionId })
  for (const other of others) deepEqual(other, first)
  for (const label of ["gbp/control", "gbp/audio", "gbp/text", "gbp/signal"]) {
    const keys = await Promise.all(members.map((member) => member.exportSecret(label, NOTHING, 32)))
    const [key, ...sameKeys] = keys.filter((one) => one !== undefined)
    for (const sameKey of sameKeys) deepEqual(sameKey, key)
  }
}

/** A frame was taken, and this came of it. */
export function only(told: readonly Told[]): Told {
  equal(told.length, 1, JSON.stringify(told))
  return told[0]!
}

/** A control frame of this opcode was taken; what followed from it may be told beside it. */
export function onlyControl(told: readonly Told[], opcode: number): Extract<Told, { kind: "control" }> {
  const one = only(told.filter(({ kind }) => kind !== "claim"))
  if (one.kind !== "control") throw new Error(`not a control message: ${JSON.stringify(one)}`)
  equal(one.opcode, opcode)
  return one
}

/** A frame was refused. */
export function onlyRefused(told: readonly Told[]): string {
  const [one] = told
  if (one?.kind !== "refused") throw new Error(`not refused: ${JSON.stringify(told)}`)
  return one.reason
}
