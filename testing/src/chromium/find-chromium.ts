import { existsSync } from "node:fs"

const USUAL_PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

/** There is no Chromium to run in. The message says what to do. */
export class NoChromiumError extends Error {
  override readonly name = "NoChromiumError"

  constructor(missing: string) {
    super(`${missing} Install the Debian package chromium, or set QPC_CHROMIUM to the path of a Chromium.`)
  }
}

/**
 * The Chromium to drive: that of `QPC_CHROMIUM`, else the first in a usual place.
 *
 * @throws NoChromiumError
 */
export function findChromium(chosen: string | undefined, exists: (path: string) => boolean = existsSync): string {
  if (chosen !== undefined) {
    if (exists(chosen)) return chosen
    throw new NoChromiumError(`QPC_CHROMIUM is ${chosen}, which does not exist.`)
  }
  const found = USUAL_PLACES.find(exists)
  if (found === undefined) throw new NoChromiumError(`There is no Chromium in ${USUAL_PLACES.join(", ")}.`)
  return found
}
