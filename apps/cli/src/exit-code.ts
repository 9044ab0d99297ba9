/**
 * What a shell script learns from how `qpc` ended. Numbers from 64 on are those of `sysexits.h`.
 */
export const EXIT_CODES = {
  ok: 0,
  failed: 1,
  usage: 2,
  corrupt: 65,
  notFound: 67,
  unavailable: 69,
  io: 74,
  refused: 77,
  config: 78,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

/** One line of `--help` for each code. */
export const EXIT_CODE_HELP: readonly (readonly [number, string])[] = [
  [EXIT_CODES.ok, "done"],
  [EXIT_CODES.failed, "refused, or failed in a way that trying again does not mend"],
  [EXIT_CODES.usage, "the command line is wrong"],
  [EXIT_CODES.corrupt, "the local store is damaged"],
  [EXIT_CODES.notFound, "no such user, group or profile"],
  [EXIT_CODES.unavailable, "the server cannot be reached; trying again later may help"],
  [EXIT_CODES.io, "the disk is full or failing"],
  [EXIT_CODES.refused, "wrong password or user name, or the server's key is not the pinned one"],
  [EXIT_CODES.config, "the set-up is wrong: certificate expired, Node too old, profile in use"],
  [EXIT_CODES.interrupted, "interrupted"],
]
