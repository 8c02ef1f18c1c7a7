"""The words that people use around a backend for a browser client, and that ask for no more."""

from __future__ import annotations

_WORDS = """
1 2 200 201 202 204 400 404 413 415 422 4xx a about above accept accepts add added address
addresses afterwards aligned all allow allows already also an analyse analytics analyze and
angular annotated answer answering answers any anything api apis app application are arrive
arrives as asap asgi ask asks async asynchronous at axios back back-end back-ends backend backends
bare based basic be beacon beacons been before beforehand behind below beside best big bigger
blank bodies body both boundaries bounded bounds brand brief browser browsers build built but by
bytes call called calling calls can cap caps case cases catch check checked checks class classes
clean cleanly client client's clients clients' code codes collect collection collector come comes
comment commented comments common compact complete comply consistent consistently contained
content contract corresponding corresponds cors could count counterpart cover covers create
current data declared decode deduce deduced deducing default defaults define defines definition
delete deletes derive derived derives deriving describe described describes description directory
do docstring docstrings documented does done draft drafted drafts e.g each easy eg emit emits
empty end ended endpoint endpoints endpoints' ends enough error errors etc event events every
everything exactly example examples existing expect expected expects expose exposes extract
extracted fail failing fails failure failures fast fastapi feed fetch field fields file files fill
fine fire fires first fit fits fitting folder follow following follows for form format formats
formatted found fresh from front front-end frontend frontend's fulfil fulfill full gate gated
generate generating get gets give given gives go good greenfield h hand handle handled handles
handling hands happens happy happy-path has have head health healthcheck healthz hello help here
hey hi hint hints hit hits hitting host hosts how html http httpx i i.e ideally if implement
implementing implements implied implies in include includes including incoming infer inferred
infers ingest ingestion ingress initial inline input inputs inside inspect inspects intake
interfaces into invalid is it it's its itself javascript jquery js json json's json-schema just
keep keeps kept kind kindly lack lacking lacks language large larger latest layout least length
let let's lets lightweight like limit limited limiting limits linted listens literal little local
locally long longer look looks main make make-up makes malformed many match matches matching
matching's matter max maximum may me message messages method methods metrics micro micro-service
microservice mimic mini minimal minimalistic minimum mirror mirrors missing model models modern
module modules more most must my name named names need needed needs negative new nginx nice nicely
no not nothing nothing's now nowhere observed obvious of off offers ok on one one's ones only open
openapi options or origin our out outside over oversized own package packages page page's pages
parse parses part patch path paths payload payloads per pick piece place please plus point points
positive possible possibly post posts preferably preferred prod produce production-ready project
proof proper properly proposal propose proposed prototype provide provides proxy pull put puts py
pydantic pytest python quality queries query quick quickly rather reach react read readable
reading reads ready real reasonable receive receiver receives receiving reference reflect reflects
regular reject rejected rejecting rejects repo repository request requests require required
respects respond response responses rest rests return returning returns reverse root round route
route's router routes run runnable running runs safe safely same sandbox sane sanity says scaffold
scaffolding schema schemas schemata scratch script scripts see seed self self- send send's
sendbeacon sender sending sends sensible sent separate serve served server server-side servers
serves service services serving set several shape shapes short shorter should show side simple
simplest simply single single-page sink site site's situated size sized sizes skeleton small
smallest so some something sort source spa speak speaking speaks split stand stand-alone
standalone stands start starter status status-code still strict strictly structure stub stubs
stuff subdirectory subfolder submits succeed succeeds success successful suitable suite sum supply
support supports take taken takes talk talking talks target telemetry tell tells test tested tests
than thank thanks that that's the their them then there there's thereby therefore these they thing
things this those three through tidy tiny to together too too-large top top-level track track's
tracker tracker's trackers tracking trivial turn turned two type type-hints typed types typical
under understands unhappy unit unknown up upload uploads url urls us use use-case used user users
uses using usual uvicorn valid validate validated validates validating validation vanilla verifies
verify via visitor visitors void vue want wants way we web web's website well what what's whatever
when where which while who whole will with work work's working works would write writes written
xhr xmlhttprequest yes yet you your zero
"""
KNOWN = frozenset(_WORDS.split())
