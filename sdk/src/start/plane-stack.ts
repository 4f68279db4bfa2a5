import { PlaneProcess, type PlaneStart } from "./plane-process.ts";
import { StartFailure } from "./start-failure.ts";

/** The planes that run, stopped in reverse order: the data plane delivers its last records first. */
export class PlaneStack implements AsyncDisposable {
  readonly #planes: PlaneProcess[] = [];
  #stopping = false;

  start(how: PlaneStart): PlaneProcess {
    if (this.#stopping) {
      throw new StartFailure(`the ${how.command} was not started: everything is being stopped`);
    }
    const plane = new PlaneProcess(how);
    this.#planes.push(plane);
    return plane;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    for (const plane of this.#planes.reverse()) {
      await plane.stop();
    }
  }
}
