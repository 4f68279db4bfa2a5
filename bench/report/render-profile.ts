import { type Cost, type CpuProfile, dearestFunctions, dearestParts } from "./profile.ts";
import { renderTable } from "./table.ts";

const SHOWN_FUNCTIONS = 40;

/** A CPU profile as two tables: by part, and by function. Paths are shown relative to `root`, a file: URL. */
export function renderProfile(profile: CpuProfile, root: string): string {
  const parts = renderCosts("by part", dearestParts(profile, root));
  return `${parts}\n${renderCosts("by function", dearestFunctions(profile, root, SHOWN_FUNCTIONS))}`;
}

function renderCosts(title: string, costs: readonly Cost[]): string {
  return renderTable(
    [
      { title: "self ms", align: "right" },
      { title: "share", align: "right" },
      { title, align: "left" },
    ],
    costs.map(({ selfMs, share, name }) => [selfMs.toFixed(1), `${(share * 100).toFixed(1)}%`, name]),
  );
}
