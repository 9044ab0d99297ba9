import { isOfMissingSuite, isWelcomeOfMissingSuite } from "@qpc/group"
import type { Envelope } from "@qpc/group"
import type { Context } from "./context.ts"

/**
 * True for an invitation into a group of a cipher suite that this program lacks, made for a key package that a program which had it
 * published: one that has it can open it. Not authenticated, as little as that it is for us, so nobody is told whose group it is.
 */
export async function isForAnotherProgram({ suites, profile }: Context, envelope: Envelope): Promise<boolean> {
  if (envelope.kind !== "welcome") return false
  const own: Uint8Array[] = []
  for await (const { ref, bundle } of profile.keyPackages()) if (isOfMissingSuite(suites, bundle)) own.push(ref)
  return own.length > 0 && isWelcomeOfMissingSuite(suites, envelope.sealed, own)
}
