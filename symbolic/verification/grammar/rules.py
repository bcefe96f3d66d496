"""The LALR grammar of mathematics as written, over the tokens of ``tokens.py``."""

GRAMMAR = r"""
start: items

?items: item (COMMA item)*                        -> items
?item: sum
     | sum (REL | BAR | COLON) item               -> relation
sum: sign* term (sign+ term)*
!sign: PLUS | MINUS | PM
?term: product
     | big
product: factor rest?
rest: factor rest?                                -> juxtaposed
    | operator factor rest?                       -> joined
    | operator MINUS factor rest?                 -> joined_minus
    | big                                         -> juxtaposed
    | operator big                                -> joined
    | operator MINUS big                          -> joined_minus
!operator: CDOT | TIMES | ODOT | OTIMES | OSLASH | AST | SLASH | DDOT
big: BIG scripts term
   | BIG scripts MINUS term                       -> big_minus

factor: atom post*
?post: SUB braced                                 -> sub
     | SUP braced                                 -> sup
     | PRIME                                      -> prime
     | LINDEX items RINDEX                        -> index
     | EVAL SUB braced                            -> evaluated
     | BANG                                       -> factorial
scripts: script*
?script: SUB braced                               -> sub
       | SUP braced                               -> sup
?braced: LBRACE items RBRACE                      -> braced

?atom: NUMBER                                     -> number
     | SYMBOL                                     -> symbol
     | MARK                                       -> mark
     | TOP                                        -> top
     | DOTS                                       -> dots
     | LPAR items RPAR                            -> group
     | LBRACK items RBRACK                        -> group
     | LBRACK items (BELOW items)+ RBRACK         -> blocks
     | LCURLY items RCURLY                        -> group
     | LBRACE items RBRACE                        -> braces
     | LNORM items RNORM                          -> norm
     | LABS items RABS                            -> norm
     | LFLOOR items RFLOOR                        -> norm
     | LANGLE items RANGLE                        -> norm
     | FRAC LBRACE items RBRACE LBRACE items RBRACE -> fraction
     | SQRT (LINDEX items RINDEX)? LBRACE items RBRACE -> root
     | differential
     | nabla
     | indicator
     | call
     | BEGINM rows ENDM                           -> matrix
     | CASES caserows ENDCASES                    -> cases
differential: (PARTIAL | DIFF) power? operand?
power: SUP braced
?operand: SYMBOL post*                            -> operand_symbol
        | LPAR items RPAR post*                   -> operand_group
        | LBRACK items RBRACK post*             -> operand_group
        | LBRACE items RBRACE post*               -> operand_group
        | LNORM items RNORM post*                 -> operand_group
        | LABS items RABS post*                   -> operand_group
        | call post*                             -> operand_call
nabla: NABLA scripts
indicator: INDICATOR SUB braced                   -> indicator
         | INDICATOR LBRACK items RBRACK          -> indicator
         | INDICATOR LPAR items RPAR              -> indicator
         | INDICATOR LCURLY items RCURLY          -> indicator
call: head LPAR items RPAR                        -> call
    | head LCURLY items RCURLY                    -> call
    | head LBRACK items RBRACK                    -> call
    | head run                                    -> call_run
head: FUNC post*
run: simple+
   | call
   | big
simple: plain post*
?plain: NUMBER                                    -> number
      | SYMBOL                                    -> symbol
      | LBRACE items RBRACE                       -> braces
      | LABS items RABS                           -> norm
      | LNORM items RNORM                         -> norm
      | BEGINM rows ENDM                           -> matrix
      | FRAC LBRACE items RBRACE LBRACE items RBRACE -> fraction
      | SQRT (LINDEX items RINDEX)? LBRACE items RBRACE -> root
rows: row (ROW row)* ROW?
row: items (AMP items)*
caserows: caserow (ROW caserow)* ROW?
caserow: items (AMP items)?

%declare NUMBER SYMBOL MARK TOP DOTS FUNC BIG NABLA PARTIAL DIFF FRAC SQRT INDICATOR
%declare LPAR RPAR LBRACK RBRACK LCURLY RCURLY LBRACE RBRACE LINDEX RINDEX LNORM RNORM LABS RABS LFLOOR RFLOOR LANGLE RANGLE
%declare PLUS MINUS PM CDOT TIMES ODOT OTIMES OSLASH AST SLASH DDOT COMMA BELOW COLON REL BAR EVAL BANG SUB SUP PRIME BEGINM ENDM CASES ENDCASES ROW AMP
"""
