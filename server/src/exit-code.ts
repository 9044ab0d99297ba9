/** How the process can end. */
export type ExitName = "ok" | "failed" | "usage" | "store" | "unavailable" | "disk" | "config"

/** What the process says by ending; the numbers are those of sysexits.h. */
export const exitCodes: Readonly<Record<ExitName, { readonly code: number; readonly meaning: string }>> = {
  ok: { code: 0, meaning: "stopped on request" },
  failed: { code: 1, meaning: "a fault of ours; the log says which" },
  usage: { code: 2, meaning: "an unknown option or a value that makes no sense" },
  store: { code: 65, meaning: "the store is damaged, or was made with another key or a newer release" },
  unavailable: { code: 69, meaning: "the port is taken or may not be used, or the store is in use" },
  disk: { code: 74, meaning: "a file or the disk cannot be read or written, or is full" },
  config: { code: 78, meaning: "certificate expired or unfit, or production mode refuses the configuration" },
}

/** The server cannot start. `message` is one line: what is wrong and what to do. */
export class StartError extends Error {
  override readonly name = "StartError"
  readonly exit: ExitName

  constructor(exit: ExitName, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.exit = exit
  }
}
