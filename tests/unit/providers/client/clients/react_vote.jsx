// JSX is read, too; a handler posts what a state holds.
import { useState } from "react";

export function Vote({ poll }) {
  const [choice, setChoice] = useState(0);
  const vote = async () => {
    await fetch(`/polls/${poll.id}/votes`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ choice, at: Date.now(), by: { lang: navigator.language } }),
    });
  };
  return <button onClick={vote}>{choice}</button>;
}
