import { fileURLToPath } from "node:url"

/** Who asked for an encryption. */
export interface CallSite {
  /** The innermost functions of the workspace, innermost first. No line numbers: test runners shift them. */
  readonly site: string
  readonly isSingleUse: boolean
}

const root = fileURLToPath(new URL("../../../", import.meta.url))
const STACK_FRAMES = 40
const SHOWN_FRAMES = 6

/**
 * Code whose AEAD keys are for one message each: all of MLS (RFC 9420 §6.3.1, §6.3.2, §12.4.3.1), and HPKE, which MLS
 * uses for one message per encapsulation (RFC 9420 §5.1.3). Everything else counts nonces.
 */
const SINGLE_USE = /^protocol\/(?:mls\/(?:src|dist)\/[^/]+|crypto\/(?:src|dist)\/hpke)\.[jt]s$/

/** The monitor itself, not its tests. */
const OURSELVES = /^testing\/src\/monitor\/[^/.]+\.ts$/

/** The place in the workspace that the program is in, seen from outside of this folder. */
export function callSite(): CallSite {
  const shown: string[] = []
  let isSingleUse = false
  for (const frame of stackFrames()) {
    const file = pathInWorkspace(frame.getFileName())
    if (file === undefined) continue
    if (SINGLE_USE.test(file) && !file.endsWith(".test.ts")) isSingleUse = true
    if (shown.length < SHOWN_FRAMES) shown.push(`${frame.getFunctionName() ?? "anonymous"} (${file})`)
  }
  return { site: shown.join(" < "), isSingleUse }
}

/** Structured frames: formatting a stack as text would have the test runner read source maps each time. */
function stackFrames(): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error
  const format = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace")
  Error.prepareStackTrace = (_error, frames) => frames
  Error.stackTraceLimit = STACK_FRAMES
  const frames = new Error("never thrown").stack as unknown as readonly NodeJS.CallSite[]
  Error.stackTraceLimit = stackTraceLimit
  if (format === undefined) Reflect.deleteProperty(Error, "prepareStackTrace")
  else Object.defineProperty(Error, "prepareStackTrace", format)
  return frames
}

function pathInWorkspace(name: string | null | undefined): string | undefined {
  if (name === null || name === undefined) return undefined
  const path = (name.startsWith("file:") ? fileURLToPath(name) : name).replace(/\?.*$/, "")
  if (!path.startsWith(root) || path.includes("/node_modules/")) return undefined
  const inside = path.slice(root.length)
  return OURSELVES.test(inside) ? undefined : inside
}
