// The second generator of a client in TypeScript; Node wants the extensions of what is imported.
export default {
  input: "../openapi.json",
  output: { path: "generated/hey", importFileExtension: ".js" },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
};
