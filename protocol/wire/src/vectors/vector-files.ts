/** Where published vectors are read from: a folder under Node, a web server in a page. */
export interface VectorFiles {
  /** For messages about what is missing. */
  readonly place: string
  /** The text of a file, unpacked if its name ends in `.gz`; `undefined` if there is no such file. */
  text(path: string): string | undefined
}
