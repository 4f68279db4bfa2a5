/** Something kept the planes from starting or running: its message is for the user. Exit code 1. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}
