import type { MlsStack } from "./calls.ts"
import { ourStack } from "./our-stack.ts"

/** The stacks that can be put behind the calls. */
export const STACK_NAMES = ["ours"] as const

export type StackName = (typeof STACK_NAMES)[number]

/** Wakes a stack. */
export async function loadStack(name: StackName): Promise<MlsStack> {
  switch (name) {
    case "ours":
      return await Promise.resolve(ourStack())
  }
}
