import { OPCODES } from "@qpc/gbp"
import type { OpcodeName } from "@qpc/gbp"

/** Messages of the control plane (GBP "Opcodes"), by the names of the published packages. */
export const ControlOpcode = {
  PrepareTransition: 1,
  ReadyForTransition: 2,
  ExecuteTransition: 3,
  AbortTransition: 4,
  GroupStateDigestRequest: 5,
  GroupStateDigestResponse: 6,
  ReportInvalidCommit: 7,
  CapabilitiesAdvertise: 8,
  Ack: 9,
  Nack: 10,
} as const

/** One of {@link ControlOpcode}. */
export type ControlOpcode = (typeof ControlOpcode)[keyof typeof ControlOpcode]

/** `undefined` for a number that is no opcode of the specification. */
export function opcodeName(opcode: number): OpcodeName | undefined {
  const found = Object.entries(OPCODES).find(([, code]) => code === opcode)
  return found?.[0] as OpcodeName | undefined
}
