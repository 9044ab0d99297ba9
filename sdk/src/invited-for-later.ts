import { addresseesOfMissingSuite } from "@qpc/group"
import type { Envelope } from "@qpc/group"
import { toHex } from "@qpc/wire"
import type { Context } from "./context.ts"

/**
 * True for an invitation into a group of a cipher suite that this program lacks, made for a key package that a program which had it
 * published: one that has it can open it. Not authenticated, as little as that it is for us, so nobody is told whose group it is.
 */
export async function isForAnotherProgram({ suites, profile }: Context, envelope: Envelope): Promise<boolean> {
  if (envelope.kind !== "welcome") return false
  const addressees = new Set(addresseesOfMissingSuite(suites, envelope.sealed).map(toHex))
  if (addressees.size === 0) return false
  for await (const { ref } of profile.keyPackages()) if (addressees.has(toHex(ref))) return true
  return false
}
