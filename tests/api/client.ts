// What a TypeScript program does with the generated types: the compiler checks each name, the server each call.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const { URL: baseUrl, TOKEN } = process.env;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${TOKEN}` } });
const path = { tenant: "demo" };

const agents = await client.GET("/api/v1/{tenant}/agents", { params: { path } });
if (agents.error) throw new Error(agents.error.detail);

const transcripts = await client.GET("/api/v1/{tenant}/transcripts", { params: { path, query: { limit: 1 } } });
if (transcripts.error) throw new Error(transcripts.error.detail);

// @ts-expect-error: types that let this pass would say nothing
const missing = await client.GET("/api/v1/{tenant}/agents/{agent}", { params: { path } });
const refused: string | undefined = missing.error?.type;

console.log(
  JSON.stringify({
    agents: agents.data.agents.map((agent) => agent.id),
    contacts: transcripts.data.transcripts.map((transcript) => transcript.contact),
    refused,
  }),
);
