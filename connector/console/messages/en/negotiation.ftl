
## Comparison of terms
compare = Compare with another version
compare-title = Comparison of { $subject }
compare-from-to = From { $old } to { $new }:
compare-last-message = What the last message has changed:
compare-nothing = No message has changed the terms. Choose another version below.
compare-back = Back to the page
compare-caption = Clauses that differ; words that differ are marked
compare-before = Before
compare-after = After
compare-effect = Effect
compare-no-clause = no such clause
compare-verdict = On the whole: { $verdict }
compare-same-clauses = The clauses are the same.
compare-lines = All changes in English, also of parts that are no clauses
compare-candidates = Other versions on the same dataset
compare-none = There is no other contract and no other negotiation on this dataset.
compare-more = There are others that this list leaves out.
effect-same = the same data
effect-tighter = less data (tighter)
effect-looser = more data (looser)
effect-open = not comparable: read both

## Answer with other terms
counter = Answer with other terms
counter-title = Answer with other terms
counter-done = The answer with other terms is signed and sent.
counter-effect = The answer is signed by this participant and sent to the other one, whose turn it is then.
counter-replaces = It takes the place of the proposal. That one can't be signed any more.
counter-binds-nobody = It makes no contract: both sides sign for that.
counter-unsupported = The form can't say these clauses: { $clauses }. They stand in the text as comments, and the answer would leave them out.
counter-terms = Terms
counter-terms-hint = As in a policy file. Change, add or remove lines.
counter-terms-fault = Correct the terms

## Request for a contract
request = Ask for a contract
request-title = Check before you ask for a contract
request-done = The request is signed and sent.
request-effect = The request is signed by this participant and sent to { $other }, with the terms as they are offered.
request-signatures = If the other side agrees, the page waits here for a signature, unless its offer signs by itself.
request-binds-nobody = The request alone makes no contract.
request-has-contract = Contracts on this dataset that are in force here: { $number }
request-offer = Offer
request-offer-fault = Choose an offer
request-language = Language of the page that both sides sign
request-language-hint = The page is signed in this language alone.
request-language-fault = Choose a language
