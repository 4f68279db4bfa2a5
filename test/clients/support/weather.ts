/** The tool that the model of the SDK tests calls, as JSON Schema, and what it answers. */
export const weather = {
  name: "get_weather",
  description: "The weather in a city",
  schema: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  input: { city: "Köln 🌍" },
  answer: "17 degrees and rain",
} as const;
