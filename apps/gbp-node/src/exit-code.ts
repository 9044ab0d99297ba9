/** What a shell script learns from how `gbp-node` ended. Numbers from 64 on are those of `sysexits.h`. */
export const EXIT_CODES = {
  ok: 0,
  failed: 1,
  usage: 2,
  badFrame: 65,
  noInput: 66,
  unavailable: 69,
  refused: 77,
  interrupted: 130,
} as const

/** One line of `--help` for each code. */
export const EXIT_CODE_HELP: readonly (readonly [number, string])[] = [
  [EXIT_CODES.ok, "done"],
  [EXIT_CODES.failed, "something failed in a way that trying again does not mend; a conformance check failed"],
  [EXIT_CODES.usage, "the command line is wrong"],
  [EXIT_CODES.badFrame, "bytes that are not a frame were found"],
  [EXIT_CODES.noInput, "a file cannot be read"],
  [EXIT_CODES.unavailable, "the other node cannot be reached, or the connection was lost"],
  [EXIT_CODES.refused, "the other node has another key than the pinned one"],
  [EXIT_CODES.interrupted, "interrupted"],
]
