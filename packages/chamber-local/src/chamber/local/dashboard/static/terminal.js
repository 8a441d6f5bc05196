// From what programs print to plain lines: escape sequences go, and a carriage return begins the line anew.

const ESCAPE = "\u001b";
const BELL = "\u0007";
const LONGEST = 20_000;

/** Takes text in pieces, which may end anywhere; `partial` is the line that is not finished yet. */
export class Terminal {
  partial = "";
  #state = "text";
  #returned = false;

  /** Takes a piece, and returns the lines that it finished, each with its end. */
  take(piece) {
    let lines = "";
    for (const character of piece) {
      if (this.#state !== "text") this.#skip(character);
      else if (character === "\n") lines += this.#finished();
      else this.#print(character);
      if (this.partial.length > LONGEST) lines += this.#finished();
    }
    return lines;
  }

  #finished() {
    const line = `${this.partial}\n`;
    this.partial = "";
    this.#returned = false;
    return line;
  }

  #print(character) {
    if (character === ESCAPE) this.#state = "escape";
    else if (character === "\r") this.#returned = true;
    else if (character === "\b") this.partial = this.partial.slice(0, -1);
    else if (character >= " " || character === "\t") {
      if (this.#returned) this.partial = "";
      this.#returned = false;
      this.partial += character;
    }
  }

  /** Escape sequences as ECMA-48 cuts them (sections 5.3 to 5.6): control sequences, strings, and short ones. */
  #skip(character) {
    if (character === ESCAPE) this.#state = "escape";
    else if (this.#state === "escape") this.#state = after(character);
    else if (this.#state === "control" && character >= "@" && character <= "~") this.#state = "text";
    else if (this.#state === "string" && character === BELL) this.#state = "text";
  }
}

function after(character) {
  if (character === "[") return "control";
  if ("PX]^_".includes(character)) return "string";
  return character >= " " && character <= "/" ? "escape" : "text";
}
