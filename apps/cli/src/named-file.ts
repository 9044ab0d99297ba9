import { UsageError } from "./usage-error.ts"

/** Uses a file that somebody named, and says in a sentence why that cannot be done. @throws UsageError */
export function namedFile<T>(file: string, access: () => T): T {
  try {
    return access()
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error
    throw error.code === "EEXIST" ? existsAlready(file) : unusable(file, String(error.code))
  }
}

/** What is there is never replaced. */
export const existsAlready = (file: string): UsageError =>
  new UsageError(`${file} exists already.`, "Choose another name.")

const unusable = (file: string, code: string): UsageError =>
  new UsageError(`${file} cannot be used (${code}).`, "Check its name and who may use it.")
