# ruff: noqa: RUF001 - the words of Greek, Russian, Ukrainian, Bulgarian and Serbian are written in their own letters
"""The commonest small words of each language, and some that complaints are full of; written for this product.

An apostrophe parts words, as in a normalised text ("j'ai" is "j" and "ai").
"""

from collections.abc import Mapping
from typing import Final

_LISTS: Final = {
    "en": """the of and to in is that it was for on with he she be at by i this had not are but from or have an they which
        one you were all her his there been their we him has would what will when who more no if out so up can about into
        than them only other some could my your me do did does am its our any how then these should please because after
        again still never get got why where order money refund received called email service customer told said
        days weeks product company now just don didn doesn isn wasn can won i it you t s ve ll a as
        back want need card account bill paid pay delivery ordered help thank thanks hello being over before every""",
    "de": """der die das und ist nicht ich ein eine einen einem einer es sie mit den dem des zu von auf für im ist war hat
        habe haben wurde wurden wird werden kann auch noch aber wie mich mir mein meine meinen meinem meiner bei nach aus
        als wenn dass daß oder nur schon wir ihr ihre ihren ihrem uns bitte seit sehr mehr keine kein keinen immer wieder
        über vor zum zur bis durch um so was er sich sind bin vom am an geld bestellt bestellung lieferung rechnung ware
        konto kunde kundenservice wochen tage tagen angekommen erhalten bezahlt gekauft defekt kaputt niemand antwort
        fuer ueber gestern heute jetzt trotzdem obwohl weil danke guten tag sowie doch dann hier wo warum nichts""",
    "fr": """puis cet bout je deux votre jour premier toujours mauvaise comment adresse peux dans quelqu euros chez pris
        le la les de des du un une et est je j vous nous il elle on en à a au aux que qu qui ne n pas pour par sur
        dans avec ce cette ces mon ma mes votre vos notre nos c d l m s se me été ai ont avez suis sont était mais ou où
        plus sans tout tous toujours jamais rien depuis après avant encore très bien fait comme si commande commandé reçu
        colis livraison facture argent remboursement service client jours semaines mois compte payé acheté merci bonjour
        aucune aucun réponse demande personne être avoir y leur lui quand donc car même deux ete recu paye apres""",
    "es": """esa ese esos nuestro nuestra tres mía mío tenido puedo cómo alguien cuenta dirección siguen día hay llegó llega tres euros puso quieren ustedes cada vez marzo
        el la los las de del un una y es en que no se por con para mi mis su sus lo le les me te al a o pero como más
        mas muy ya está esta este esto estoy están ha he han había fue era ser sin sobre todo todos nada nadie desde hace
        cuando hasta porque qué si sí también después antes nunca siempre ni yo usted ustedes nos pedido paquete dinero
        factura cuenta compra compré pagué recibido recibí llegado días dias semanas meses servicio cliente atención
        devolución reembolso tarjeta gracias hola quiero producto tengo tiene hacer hecho dos todavía aún sigue solo""",
    "it": """mio primo giorno sotto vostra nostro nostra posso voglio tre volte volta soldi indietro scatola ieri mese stesso c ancora qualcuno euro
        il lo la i gli le di del della dei delle dello dell un una uno un e è che non per con in nel nella da dal dalla
        dall mi mio mia miei ma come più si sono ho ha hanno era stato stata sono al alla ai all l d c o anche questo
        questa quando dopo prima ancora mai sempre nessuno niente ci vi ne se molto tutto perché dove sul sulla ordine
        pacco soldi fattura conto pagato ricevuto arrivato rimborso servizio clienti giorni settimane mesi prodotto
        comprato acquistato grazie buongiorno vorrei chiedo risposta risponde senza fa due già solo essere avete vostro""",
    "nl": """twee keer nog steeds hoe kan jullie ik onze maat mails drie iemand deze maand eerste dag blijven uw
        de het een en van ik is niet dat in op te met voor die er aan zijn maar om ook als bij dan naar mijn nog wel
        heb heeft hebben was wordt werd worden kan door over uit tot geen meer al zo of wat we wij jullie u uw mij me hij
        ze zij deze dit daar hier wanneer omdat waarom iemand niemand niets nooit altijd steeds weer sinds na bestelling
        besteld pakket geld rekening factuur geleverd levering ontvangen betaald gekocht kapot dagen weken maanden
        klantenservice antwoord reactie graag alsjeblieft bedankt kreeg gekregen terug krijg wil moet gebeld gisteren""",
    "pt": """ninguém alguém meus minhas nosso nossa ontem vez segunda três euros ainda havia dia primeiro minha vossa vosso estou errado tamanho mês morada celular tela veio à
        o a os as de do da dos das um uma e é em no na nos nas que não nao se por com para meu minha meus seu sua ao
        à mais mas como já está esta este isso isto estou ele ela foi era ser sem sobre tudo nada ninguém desde há quando
        até porque também depois antes nunca sempre nem eu você vocês me lhe pelo pela pedido encomenda dinheiro fatura
        conta compra comprei paguei recebi recebido chegou dias semanas meses serviço cliente atendimento devolução
        reembolso cartão obrigado obrigada olá quero produto tenho tem fazer feito dois ainda só muito são uns ontem""",
    "pl": """raz razy dwa dwóch trzech drugi swoje moje wszystkie chcę wasza wasz umowę umowa adres jeszcze gwarancji zły kurier czekam nadal dalej ktoś usunąć zmienić odpowiada moich rachunek miesiąc
        i w na z do nie się że to jest jak ale o od po za co tak przez dla ja mnie mi mój moja moje już tylko jeszcze
        czy być był była było są został została ma mam mają ten ta te tego tej ze lub albo oraz bardzo także również gdy
        kiedy ponieważ dlaczego nikt nic nigdy zawsze znowu przed przy bez pod nad państwo państwa zamówienie zamówienia
        paczka paczki pieniądze pieniędzy faktura konto konta zapłaciłem zapłaciłam kupiłem kupiłam otrzymałem
        otrzymałam dni tygodni tygodnie miesięcy obsługa klienta zwrot zwrotu proszę dziękuję odpowiedzi dostałem
        dostałam sie ze zamowienie produkt którą który która jestem mojej mojego""",
    "sv": """mina gången heller gick efter två ingen svarar väntar fortfarande fel samma gånger dök
        och i att det är som en ett på av för med den till jag inte har om var de vi ni mig min mitt mina er ert men så
        han hon kan från eller också när nu bara ska skulle hade blev blir vara varit mycket efter innan aldrig alltid ingen
        inget ännu igen sedan över utan beställning beställde beställt paket paketet pengar faktura konto betalat köpte
        fått leverans dagar veckor månader kundtjänst svar tack hej vill trots fortfarande trasig vad vem varför detta
        dessa någon något pengarna tillbaka fick""",
    "da": """efter to uger ingen mine svarer venter stadig forkerte samme gange fremme kommet frem
        og i at det er som en et på af for med den til jeg ikke har om var de vi mig min mit mine jer men så han hun kan
        fra eller også når nu kun skal skulle havde blev bliver være været meget efter før aldrig altid ingen intet endnu
        igen siden over uden bestilling bestilte bestilt pakke pakken penge pengene faktura konto betalt købte fået levering
        dage uger måneder kundeservice svar tak hej vil selvom stadig hvad hvem hvorfor dette disse nogen noget
        tilbage fik modtaget jeres""",
    "nb": """etter to uker ingen mine svarer venter fortsatt feil samme ganger kommet frem denne gangen heller
        og i at det er som en et på av for med den til jeg ikke har om var de vi meg min mitt mine dere men så han hun
        kan fra eller også når nå bare skal skulle hadde ble blir være vært mye etter før aldri alltid ingen ingenting ennå
        igjen siden over uten bestilling bestilte bestilt pakke pakken penger pengene faktura konto betalt kjøpte fått
        levering dager uker måneder kundeservice svar takk hei vil selv fortsatt hva hvem hvorfor dette disse noen noe
        tilbake fikk mottatt deres""",
    "fi": """kahden kaksi kertaa sama rahojani vieläkin edelleen meni tullut saapunut koskaan vastaa mutta
        ja on ei se että en ole oli olen olisi mutta kun niin kuin jos tai myös vain nyt vielä jo minun minä minulle
        minua me te he hän tämä tämän se sen joka mikä mitä miksi koska kanssa ilman jälkeen ennen aina koskaan kukaan mitään
        sitten ovat ollut olleet ette eivät voi pitää saanut sain tilaus tilauksen tilasin paketti pakettia rahat rahaa
        lasku tili maksoin ostin toimitus päivää viikkoa kuukautta asiakaspalvelu vastausta kiitos hei haluan rikki tuote
        takaisin vaikka olette teidän kaksi kaikki""",
    "cs": """mé má moje pořád stále dvakrát čekám peněz týdnech smlouvu březnu poplatek technik špatná přišla přišel stejnou druhé rozbila vrácení zaplaceno
        a v na se že je to s z do o k ve pro jako jsem jsme jste jsou byl byla bylo není ale nebo když aby ještě už jen
        také co který která které mi mě můj moje moji mám má od po za při podle tak tento tuto toto protože proč nikdo
        nic nikdy vždy znovu zase před bez objednávka objednávku objednal objednala balík peníze faktura fakturu účet
        zaplatil zaplatila koupil koupila dostal dostala dní týdny měsíce zákaznický zboží reklamace prosím děkuji dobrý
        den vrátit odpověď nefunguje pouze stále ani již vám váš""",
    "sk": """moje stále dvakrát čakám peňazí týždňoch zmluvu poplatok tú istú prišiel prišla neprišiel pokazila vrátenie
        a v na sa že je to s z do o k vo pre ako som sme ste sú bol bola bolo nie ale alebo keď aby ešte už len tiež čo
        ktorý ktorá ktoré mi ma môj moja moje mám má od po za pri podľa tak tento túto toto pretože prečo nikto nič nikdy
        vždy znova zase pred bez objednávka objednávku objednal objednala balík peniaze faktúra faktúru účet zaplatil
        zaplatila kúpil kúpila dostal dostala dní týždne mesiace zákaznícky tovar reklamácia prosím ďakujem dobrý deň
        vrátiť odpoveď nefunguje iba stále ani vám váš""",
    "hu": """két senki még mindig ugyanazért csomagom soha másodszor márciusban rendelésért jött érkezett meg sem
        a az és nem hogy is egy van volt ez de meg csak már még mert ha vagy mint el ki be fel le én nekem engem maga
        ön önök ezt azt amit ami aki nincs lesz lett után előtt óta soha mindig senki semmi miért mikor hol kell rendelés
        rendelést rendeltem megrendelés csomag csomagot pénz pénzt pénzem számla számlát fizettem vásároltam kaptam érkezett
        nap napja hét hete hónap ügyfélszolgálat válasz választ köszönöm jó napot kérem szeretném termék vissza rossz
        azóta sem nagyon több""",
    "ro": """două doua nimeni niciodată banii mele oară aceeași aștept primesc înapoi tot nu am ați
        și si în in de la cu pe nu că ca a al ale ai o un este e sunt era am au are fost fi mai dar sau din pentru care
        ce când cand unde cum după dupa până fără niciodată mereu nimeni nimic încă inca mi mie mea meu mele vă va voi
        dumneavoastră acest această comanda comandă comandat colet coletul bani banii factura cont plătit platit cumpărat
        primit livrare zile săptămâni luni serviciul clienți răspuns răspunde mulțumesc bună ziua vreau produs produsul
        înapoi doar foarte deja nici """,
    "hr": """dva dvaput tjedna nitko još uvijek čekam novca istu mojim moje dalje ugovor
        i u na je se da za od su s sa ne što kao to koji koja koje ali ili kako ako sam smo ste bio bila bilo nije nisam
        nisu još već samo vrlo jer kada gdje zašto nitko niko ništa nikad nikada uvijek uvek ponovno opet prije poslije nakon bez
        moj moja moje mi me mene vam vaš vaša narudžba narudžbu naručio naručila paket novac račun platio platila kupio
        kupila dobio dobila dostava dana tjedna tjedana mjeseci korisnička služba odgovor hvala molim dobar dan proizvod
        vratiti povrat ne radi bih""",
    "sl": """dva dveh dvakrat isto tednih nihče še vedno čakam denarja moja naprej pogodbo
        in v na je se da za od so s z ne kot to ki pa ali če sem smo ste bil bila bilo ni nisem niso še že samo zelo ker
        ko kdaj kje zakaj nihče nič nikoli vedno spet pred po brez moj moja moje mi me mene vam vaš vaša naročilo naročil
        naročila paket denar račun plačal plačala kupil kupila dobil dobila dostava dni tednov mesecev podpora
        odgovor hvala prosim pozdravljeni izdelek vrniti vračilo deluje kaj tudi ampak bi vendar""",
    "et": """ja on ei see et ma olen oli oleks aga kui nii või ka ainult nüüd veel juba minu mina mulle mind me te nad ta
        selle mis miks sest koos ilma pärast enne alati kunagi keegi midagi siis pole ole olnud saanud sain tellimus
        tellisin pakk pakki raha arve konto maksin ostsin tarne päeva nädalat kuud klienditeenindus vastust aitäh tere
        tahan katki toode tagasi kuigi teie kaks kõik""",
    "lv": """un ir ka ar no uz nav bet par es man mani mans mana tas tā to šis šī kas ko kad ja vai arī tikai vēl jau jo
        pēc pirms bez līdz nekad vienmēr neviens neko kāpēc biju bija būs esmu esat jūs jūsu mēs pasūtījums pasūtījumu
        pasūtīju paka paku nauda naudu rēķins konts samaksāju nopirku saņēmu saņēmis piegāde dienas nedēļas mēneši
        klientu atbilde atbildi paldies labdien vēlos prece preci atpakaļ joprojām lūdzu""",
    "lt": """ir yra kad su iš į nėra bet už aš man mane mano tai tas ši šis kas ką kai ar taip pat tik dar jau nes po prieš
        be iki niekada visada niekas nieko kodėl buvo buvau esu jūs jūsų mes užsakymas užsakymą užsisakiau siunta siuntą
        pinigai pinigus pinigų sąskaita sumokėjau nusipirkau gavau pristatymas dienas dienų savaites savaičių mėnesiai
        klientų atsakymo ačiū laba diena noriu prekė prekę atgal vis prašau""",
    "tr": """iki hiç kimse aynı yanlış paramın ediyorsunuz bekliyorum kez gelmedi hâlâ etmeye
        ve bir bu da de için ile çok ama ben bana beni benim sizin size siz ne neden nasıl daha en gibi kadar sonra önce
        hala hâlâ değil var yok mı mi olarak olan oldu ettim aldım verdim veya ya her hiç kimse şey artık yine sadece
        sipariş siparişim siparişimi kargo para paramı paketim fatura hesap ödedim satın teslimat gün gündür hafta ay
        müşteri hizmetleri cevap teşekkürler merhaba istiyorum ürün iade gelmedi lütfen rağmen""",
    "ca": """el la els les de del dels un una i és en que no es per amb al als a o però com més molt ja està aquest aquesta
        això he ha han era ser sense sobre tot res ningú des fa quan fins perquè també després abans mai sempre ni jo vostè
        em el meu la meva comanda paquet diners factura compte compra vaig pagat rebut arribat dies setmanes mesos servei
        client atenció devolució reemborsament targeta gràcies hola vull producte tinc té fer fet dos encara només""",
    "el": """και το η ο να είναι δεν την του της με για στο στη στην από που σε τα τον οι τη μου μας σας δε θα έχω έχει έχουν
        ήταν αλλά ή αν όπως πολύ μόνο ακόμα ήδη μετά πριν χωρίς ποτέ πάντα κανείς τίποτα γιατί όταν παραγγελία χρήματα
        δέμα λογαριασμό πλήρωσα αγόρασα ημέρες μέρες εβδομάδες εξυπηρέτηση απάντηση ευχαριστώ προϊόν""",
    "ru": """никто никогда ещё жду денег моя мои письма две через дважды один тот всё
        и в не на что я с он как это по но за от к из у же вы так мне было меня был была ещё еще нет для если уже или
        когда даже мой моя мои вас вам только то до вот его её бы очень потому никто ничего никогда всегда почему где
        заказ заказал заказала посылка деньги счет счёт оплатил оплатила купил купила получил получила дней недели недель
        месяц поддержка ответ спасибо здравствуйте товар вернуть возврат верните без после через этого""",
    "uk": """ніхто ніколи ще чекаю грошей моя мої два через двічі одне досі
        і в не на що я з він як це по але за від до у та ви так мені було мене був була ще немає для якщо вже або коли
        навіть мій моя мої вас вам тільки то ось його її би дуже тому ніхто нічого ніколи завжди чому де замовлення
        замовив замовила посилка гроші рахунок сплатив сплатила купив купила отримав отримала днів тижні тижнів місяць
        підтримка відповідь дякую добрий день товар повернути повернення поверніть без після через цього й є""",
    "bg": """и в не на че аз с той как това по но за от към из у вие така ми беше ме бях още няма ако вече или когато дори
        моя моят моите вас ви само то до ето него нея бих много защото никой нищо никога винаги защо къде поръчка поръчах
        поръчката пратка пратката пари парите сметка платих купих получих дни седмици месец поддръжка отговор благодаря
        здравейте стока върнете връщане без след през този тази съм са да се си ще е""",
    "sr": """и у на је се да за од су са не што као то који која које али или како ако сам смо сте био била било није нисам
        још већ само врло јер када где зашто нико ништа никад увек поново пре после након без мој моја моје ми ме
        наруџбина пакет новац рачун платио купио добио дана недеља месеци одговор хвала молим""",
}
WORDS: Final[Mapping[str, frozenset[str]]] = {code: frozenset(words.split()) for code, words in _LISTS.items()}
"""Languages by ISO 639-1 code; `hr` stands for Croatian, Bosnian and Serbian in Latin letters, `nb` for Norwegian."""

ENGLISH: Final = WORDS["en"]
