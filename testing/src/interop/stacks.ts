import type { MlsStack } from "./calls.ts"
import { ourStack } from "./our-stack.ts"

/** The stacks that can be put behind the calls. */
export const STACK_NAMES = ["ours", "ts-mls", "mls-ts"] as const

export type StackName = (typeof STACK_NAMES)[number]

/** Wakes a stack. Peers are loaded only where they are asked for. */
export async function loadStack(name: StackName): Promise<MlsStack> {
  switch (name) {
    case "ours":
      return ourStack()
    case "ts-mls":
      return await (await import("./ts-mls-stack.ts")).tsMlsStack()
    case "mls-ts":
      return (await import("./mls-ts-stack.ts")).mlsTsStack()
  }
}
