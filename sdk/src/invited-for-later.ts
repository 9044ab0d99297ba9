import { addresseesOfMissingSuite } from "@qpc/group"
import type { Envelope } from "@qpc/group"
import { toHex } from "@qpc/wire"
import type { Context } from "./context.ts"
import { opens } from "./last-resorts.ts"

/**
 * True for an invitation into a group of a cipher suite that this program lacks, made for a key package that a program which had it
 * published, and which opens that group: a program that has the suite can open it. Not authenticated, as little as that it is for us, so nobody
 * is told whose group it is.
 */
export async function isForAnotherProgram({ suites, profile }: Context, envelope: Envelope): Promise<boolean> {
  if (envelope.kind !== "welcome") return false
  const addressees = new Set(addresseesOfMissingSuite(suites, envelope.sealed).map(toHex))
  if (addressees.size === 0) return false
  const { groupId } = envelope
  for await (const { ref, refusedFor } of profile.keyPackages()) {
    if (addressees.has(toHex(ref)) && opens({ refusedFor }, groupId)) return true
  }
  return false
}
