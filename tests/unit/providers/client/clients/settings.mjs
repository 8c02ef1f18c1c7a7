export const ENDPOINT = "/rum/vitals";
